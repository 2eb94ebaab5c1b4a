"""Every function has an archive that contains its handler."""

from collections.abc import Iterable

from stack_graph.graph import Rehearsed
from stack_graph.program import place_of

from deploy_checks.archive import contents, handler_module, in_repository, package_of
from deploy_checks.finding import Finding
from deploy_checks.subjects import python


def functions_are_packaged(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Every function has an archive: SST builds one only for an ``sst.aws.Function``."""
    for function, artifact in rehearsed.functions():
        if function.value("packageType") == "Image" or (artifact and artifact.path.is_file()):
            continue
        parent = rehearsed.graph.by_urn.get(function.parent or "")
        by_hand = parent is None or parent.type != "sst:aws:Function"
        yield Finding(
            id="function-not-packaged",
            severity="critical",
            file=function.file,
            line=function.line,
            message=(
                f"{function.name} is created without sst.aws.Function: its code has none of its dependencies, and "
                "every "
                "invocation ends with Runtime.ImportModuleError."
                if by_hand
                else f"SST built no archive for {function.name}."
            ),
            fix="Create it with new sst.aws.Function(...), which builds the archive with uv."
            if by_hand
            else "See the rehearsal's output about its build.",
        )


def handlers_are_inside(rehearsed: Rehearsed) -> Iterable[Finding]:
    """The file that the handler string names is in the archive."""
    for function, artifact in rehearsed.packaged():
        handler = str(function.value("handler"))
        module = handler_module(handler)
        inside = contents(artifact.path)
        if module in inside.sizes:
            continue
        file, line = place_of(rehearsed, function, handler)
        fix = "Name a handler that is a file of the packaged folder."
        lies_at = in_repository(rehearsed.root, module, handler)
        package = package_of(rehearsed.root, handler)
        if lies_at and not inside.own():
            # SST found the file in one of its folders, and copied from another: where the nearest pyproject.toml is.
            project = f"{lies_at.partition('/')[0]}/pyproject.toml"
            file, line = (project, 1) if (rehearsed.root / project).is_file() else ("pyproject.toml", 1)
            packaged = "the repository's root" if package is None or str(package) == "." else f"{package}/"
            fix = (
                f"SST packaged {packaged}, and {module} is not below it. Keep {project}, with a [build-system], and "
                "name its folder in [tool.uv.workspace] members of pyproject.toml."
            )
        module_name = module.removesuffix(".py")
        yield Finding(
            id="handler-not-in-archive",
            severity="critical",
            file=file,
            line=line,
            message=(
                f"{artifact.function}'s archive has no {module}. The deploy succeeds, and each invocation ends with "
                f"Runtime.ImportModuleError: Unable to import module '{module_name}': "
                f"No module named '{module_name.replace('/', '.').partition('.')[0]}'"
            ),
            fix=fix,
        )


ABOUT = python
CHECKS = (functions_are_packaged, handlers_are_inside)
