import React from 'react';

export default () => <p>Stray animals are kept here.</p>;
