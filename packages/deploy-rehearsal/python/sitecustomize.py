"""Imported by every Python of a rehearsal, to save time in two programs.

``compileall`` copies the bytecode of a source that it compiled before: SST compiles the packages of every function
separately, and twice. Bytecode with checked hashes depends only on the source, its path in the archive and the Python.

moto's Parameter Store imports its EC2, which reads all instance types, only to find the targets of SendCommand. An
empty module takes its place.
"""

import sys

if any(argument.endswith("moto_server") for argument in sys.orig_argv[:3]):
    import types

    without_instances = types.ModuleType("moto.ec2")
    without_instances.ec2_backends = {}  # type: ignore[attr-defined]
    sys.modules["moto.ec2"] = without_instances

if "compileall" in sys.orig_argv:
    import hashlib
    import importlib.util
    import os
    import py_compile
    import shutil
    from pathlib import Path

    CACHE = Path(os.environ["REHEARSAL_BYTECODE"])
    compile_source = py_compile.compile

    def compile_or_copy(file: str, cfile: str, dfile: str, *args: object, **options: object) -> str:
        """``py_compile.compile`` with the arguments that ``compileall`` gives."""
        source = Path(file).read_bytes()
        key = hashlib.sha256(repr((importlib.util.MAGIC_NUMBER, dfile, args, sorted(options.items()))).encode())
        key.update(source)
        kept = CACHE / key.hexdigest()
        target = Path(cfile)
        try:
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(kept, target)
        except FileNotFoundError:
            compile_source(file, cfile, dfile, *args, **options)  # type: ignore[arg-type]
            part = kept.with_suffix(f".{os.getpid()}")  # renamed, so that no reader sees half of it
            shutil.copyfile(target, part)
            part.replace(kept)
        else:
            os.utime(kept)  # the rehearsal removes what is no longer used
        return cfile

    py_compile.compile = compile_or_copy  # type: ignore[assignment]
