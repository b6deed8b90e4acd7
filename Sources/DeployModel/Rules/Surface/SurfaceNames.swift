extension TestSurface {
    /// Names of files and directories, at any depth unless with a slash in front. Everything below such a directory counts.
    package static let builtInNames: [String] =
        tests + testData + python + javaScript + jvm + otherLanguages + native + builds + continuousIntegration

    /// Tests themselves.
    private static let tests = words(
        """
        test tests testing __tests__ spec specs e2e *.t unittests unit_tests unit-tests integration_tests integration-tests functional_tests \
        functional-tests acceptance_tests acceptance-tests benches *.feature test_* test-* test.* tests.* *_test.* *_tests.* *-test.* *-tests.* \
        *.test.* *.tests.* *.spec.* *_spec.* *-spec.* *_unittest.* *-unittest.* *test.java *tests.java *test.kt *tests.kt *test.scala *spec.scala \
        *test.groovy *spec.groovy *test.cs *tests.cs *test.php *tests.swift *test.swift *it.java testing_*.py tests_*.py \
        spec_helper.rb rails_helper.rb test_helper.rb
        """)

    /// What tests compare with or stand on.
    private static let testData = words(
        """
        fixtures __fixtures__ testdata test-data test_data golden goldens *.golden snapshots __snapshots__ *.snap cassettes expected \
        expectations approvals *.approved.* *.verified.* mocks __mocks__
        """)

    /// What pytest, unittest and the interpreter load of themselves, and what decides which code runs.
    private static let python = words(
        """
        conftest.* pytest.ini .pytest.ini pytest.toml .pytest.toml pyproject.toml setup.cfg setup.py tox.ini tox.toml noxfile.py .coveragerc \
        .coverage coverage.toml sitecustomize* usercustomize* *.pth pyvenv.cfg nose.cfg .nose.cfg .noserc nose2.cfg unittest.cfg \
        .python-version python-version behave.ini .behaverc robot.yaml pytest.py pytest.pyc pytest.so pytest _pytest _pytest.* unittest \
        unittest.* pluggy pluggy.* *.egg-info *.dist-info *.egg-link requirements requirements*.txt constraints*.txt requirements*.in pipfile \
        environment.y*ml conda.y*ml pixi.toml uv.toml poetry.toml pdm.toml hatch.toml dodo.py pavement.py fabfile.py manage.py /tasks.py \
        mypy.ini .venv venv
        """)

    private static let javaScript = words(
        """
        package.json package-lock.json npm-shrinkwrap.json pnpm-lock.yaml pnpm-workspace.yaml pnpmfile.cjs .pnpmfile.cjs bun.lockb bunfig.toml \
        deno.json* node_modules .npmrc .yarnrc* .yarn yarn.config.cjs .pnp.* jest.config.* jest.setup.* jest.global* jest-preset.* \
        jest.preset.* vitest.config.* vitest.setup.* vitest.workspace.* vite.config.* karma.conf.* playwright.config.* cypress.config.* \
        cypress.json .mocharc* mocha.opts .nycrc* .c8rc* .taprc ava.config.* wdio.conf.* jasmine.json babel.config.* .babelrc* .swcrc \
        tsconfig*.json webpack.config.* rollup.config.* esbuild.config.* setuptests.* gulpfile.* gruntfile.* nx.json turbo.json lerna.json \
        .node-version .nvmrc
        """)

    private static let jvm = words(
        """
        build.gradle* settings.gradle* gradle.properties gradlew* gradle-wrapper.* buildsrc pom.xml mvnw* .mvn build.xml testng.xml build.sbt deps.edn \
        project.clj junit-platform.properties
        """)

    private static let otherLanguages = words(
        """
        global.json directory.build.* directory.packages.props nuget.config *.csproj *.fsproj *.vbproj *.sln *.runsettings composer.json \
        phpunit.xml* phpunit.dist.xml pest.php infection.json* behat.yml* codeception.yml gemfile *.gemspec rakefile .rspec guardfile \
        .ruby-version mix.exs rebar.config dune dune-project stack.yaml *.cabal cabal.project shard.yml dub.json dub.sdl cpanfile makefile.pl \
        build.pl dist.ini .busted
        """)

    private static let native = words(
        """
        cargo.toml build.rs .cargo rust-toolchain* nextest.toml go.mod go.sum go.work go.work.sum package.swift package.resolved .swift-version \
        build.zig build.zig.zon cmakelists.txt cmakepresets.json cmakeuserpresets.json *.cmake configure configure.ac makefile.am meson.build \
        meson_options.txt meson.options
        """)

    private static let builds = words(
        """
        makefile gnumakefile *.mk justfile .justfile taskfile.y*ml build.bazel workspace.bazel module.bazel *.bzl .bazelrc \
        .bazelversion .buckconfig pants.toml earthfile flake.nix flake.lock default.nix shell.nix *.lock lock.json vendor \
        .tool-versions mise.toml .mise.toml .gitmodules .gitattributes .env .env.* .envrc .flaskenv
        """)

    private static let continuousIntegration = words(
        """
        .github .gitlab-ci.yml .gitlab .gitea .forgejo .circleci .travis.yml jenkinsfile azure-pipelines*.yml .buildkite .drone.yml \
        .woodpecker .woodpecker.yml appveyor.yml .appveyor.yml .cirrus.yml .semaphore cloudbuild.y*ml buildspec.y*ml .teamcity \
        bitbucket-pipelines.yml .pre-commit-config.yaml .pre-commit-hooks.yaml lefthook.yml .husky dockerfile dockerfile.* containerfile \
        docker-compose*.y*ml compose.y*ml docker-bake.hcl .devcontainer tiltfile
        """)

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
