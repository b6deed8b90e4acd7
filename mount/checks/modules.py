"""Holds the manifest against the picture in Docs/Architecture.md, against what is imported, and against what each half may be linked with.

The picture has a line for each module and an arrow to each that it stands on, unless another arrow leads there already.
"""

import json
import pathlib
import re

import commands

PAGE = pathlib.Path("Docs/Architecture.md")
# What the process that may read everything is audited for, and with it all that serves or starts an agent.
GATEWAY_HALF = ["pinfold-mount", "pinfold-fence", "AgentRun"]
GATEWAY_PRODUCTS = {"SystemPackage"}
NOT_IN_THE_GATEWAY = re.compile(r"Foundation\w*|NIO\w*|Hummingbird\w*|CLibgit2|GRDB|ArgumentParser")
# Of the toolchain's, without the C library: JSON and dates, and what one thread hands to another.
PURE_LIBRARIES = {"FoundationEssentials", "Synchronization"}
DEPLOY_HALF = ["pinfold-deployd", "pinfold-git", "pinfold-web"]
NOT_IN_THE_DEPLOYER = {"AuditLog", "AgentRun", "FuseSession", "GatewayFileSystem"}
IMPORT = re.compile(r"^\s*(?:@\w+\s+)?(?:(?:public|package|internal|private)\s+)?import\s+(?:(?:struct|class|enum|func|protocol)\s+)?(\w+)", re.M)


class Target:
    def __init__(self, entry):
        self.name, self.kind = entry["name"], entry["type"]
        place = entry.get("path") or ("Tests" if self.kind == "test" else "Sources") + "/" + self.name
        self.folder = pathlib.Path(place)
        self.modules, self.products = set(), set()
        for dependency in entry["dependencies"]:
            for form, value in dependency.items():
                (self.products if form == "product" else self.modules).add(value[0])
        self.imports = set()
        for file in sorted(self.folder.rglob("*.swift")):
            self.imports |= set(IMPORT.findall(file.read_text()))

    @property
    def is_shipped(self):
        return self.kind != "test" and self.folder.parts[0] != "Tests"


def manifest():
    return {entry["name"]: Target(entry) for entry in json.loads(commands.output("swift", "package", "--ignore-lock", "dump-package"))["targets"]}


def closure(targets, names):
    found, pending = set(), list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += targets[name].modules
    return found


def arrows(targets):
    """Of each shipped module those that it stands on, without those that one of them stands on."""
    return {
        target.name: {name for name in target.modules if name not in closure(targets, target.modules - {name}) or name == target.name}
        for target in targets.values()
        if target.is_shipped
    }


def drawn():
    """The same as the page has it, lines `module → module, module` or a module alone; and the modules that it says are pure."""
    picture = re.search(r"<!-- modules -->\s*```\n(.*?)```", PAGE.read_text(), re.S)
    found, pure = {}, set()
    for line in (picture.group(1) if picture else "").splitlines():
        if line.startswith("  "):
            name, _, below = line.removesuffix("(pure)").partition("→")
            found[name.strip()] = {other.strip() for other in below.split(",") if other.strip()}
            if line.endswith("(pure)"):
                pure.add(name.strip())
    return found, pure


def check(out):
    targets, wrong = manifest(), []
    real, (picture, pure) = arrows(targets), drawn()
    for name in sorted(real | picture):
        if real.get(name) != picture.get(name):
            line = f"{name} → {', '.join(sorted(real[name]))}".removesuffix(" → ") if name in real else None
            wrong.append(f"{PAGE}: " + (f"the picture should have '{line}'" if line else f"there is no module {name}"))
    for target in targets.values():
        # An executable that is declared is built beside the tests that start it; a C module may be there for its header alone.
        programs = {name for name in target.modules if targets[name].kind == "executable"}
        for name in sorted((target.modules | target.products) - target.imports - programs):
            wrong.append(f"Package.swift: {target.name} declares {name} and does not import it")
        for name in sorted((target.imports & set(targets)) - target.modules - {target.name}):
            wrong.append(f"Package.swift: {target.name} imports {name} and does not declare it")
    for name in sorted(closure(targets, GATEWAY_HALF)):
        target = targets[name]
        bad = {module for module in target.imports if NOT_IN_THE_GATEWAY.fullmatch(module)} | (target.products - GATEWAY_PRODUCTS)
        wrong += [f"{name} is of the gateway half and uses {module}" for module in sorted(bad)]
    for name in sorted(pure & set(targets)):
        wrong += [f"{name} is to be pure and imports {module}" for module in sorted(targets[name].imports - pure - PURE_LIBRARIES)]
    for name in sorted(closure(targets, DEPLOY_HALF) & NOT_IN_THE_DEPLOYER):
        wrong.append(f"{name} is linked into the deploy half")
    for line in wrong:
        print(line, file=out)
    return not wrong
