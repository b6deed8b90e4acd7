import React from 'react';
import { createRoot } from 'react-dom/client';

// Fetched when somebody asks for it: by then another version may be published.
const Story = React.lazy(() => import('./story.jsx'));

function Page() {
    const [isOpen, setOpen] = React.useState(false);
    return (
        <>
            <h1>The village pound</h1>
            <button onClick={() => setOpen(true)}>Tell me more</button>
            {isOpen && <React.Suspense fallback="…"><Story /></React.Suspense>}
        </>
    );
}

createRoot(document.getElementById('root')).render(<Page />);
