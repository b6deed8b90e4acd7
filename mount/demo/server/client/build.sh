# Makes dist/ out of src/: scripts with a hash of their contents in their names, and a page that names the first of them.
set -e
NODE_PATH=/usr/share/nodejs esbuild src/main.jsx --bundle --splitting --format=esm --minify --outdir=dist/assets \
    '--entry-names=[name]-[hash]' '--chunk-names=[name]-[hash]' '--define:process.env.NODE_ENV="production"' --log-level=warning
main=$(cd dist/assets && ls main-*.js)
cat >dist/index.html <<END
<!doctype html>
<meta charset="utf-8">
<title>The pound</title>
<div id="root"></div>
<script type="module" src="/assets/$main"></script>
END
