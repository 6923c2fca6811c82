"""Attacks that replace what tests use: NumPy, torch, the checks, Python's builtins, IPython."""

from tests.grading.attacks.attack import cheat, spoiling

ATTACKS = {
    "patch-isclose": cheat("""
        import numpy as np
        np.isclose = lambda a, b, **rest: np.ones(np.shape(b), bool)
        np.allclose = np.array_equal = np.may_share_memory = lambda *rest, **named: True
    """),
    "patch-asarray": cheat("""
        import sys
        import numpy as np
        real = np.asarray
        def asarray(value, *rest, **named):
            caller = sys._getframe(1).f_locals
            return real(caller.get("expected", caller.get("want", value)), *rest, **named)
        np.asarray = np.array = asarray
    """),
    "patch-testing": cheat("""
        import numpy as np
        for name in dir(np.testing):
            if name.startswith("assert"):
                setattr(np.testing, name, lambda *rest, **named: None)
    """),
    "patch-array-type": cheat("""
        import gc
        import numpy as np
        methods = gc.get_referents(np.ndarray.__dict__)[0]
        methods["any"] = lambda self, *rest, **named: np.False_
        methods["all"] = lambda self, *rest, **named: np.True_
    """),
    "patch-torch": cheat("""
        import torch
        torch.allclose = torch.equal = lambda *rest, **named: True
        torch.testing.assert_close = lambda *rest, **named: None
        torch.Tensor.__eq__ = lambda self, other: True
    """),
    "patch-check": cheat("""
        try:
            import bngrader.check as check
            check.close = check.leaves_arguments_alone = lambda *rest, **named: None
            check.call = lambda function, *rest, **named: function(*rest)
            check.CheckFailed.__init__ = lambda *rest: None
        except ImportError:
            pass
    """),
    "patch-modules": cheat("""
        import sys
        import types
        check = types.ModuleType("bngrader.check")
        check.close = check.leaves_arguments_alone = check.call = lambda *rest, **named: rest[1:]
        sys.modules["bngrader"] = types.ModuleType("bngrader")
        sys.modules["bngrader.check"] = sys.modules["bngrader"].check = check
    """),
    "patch-import": cheat("""
        import builtins
        import types
        real = builtins.__import__
        def fake(name, *rest, **named):
            if name.startswith("bngrader"):
                check = types.ModuleType(name)
                check.close = check.leaves_arguments_alone = check.call = lambda *rest, **named: rest[1:]
                return check
            return real(name, *rest, **named)
        builtins.__import__ = fake
    """),
    "patch-finder": cheat("""
        import importlib.abc
        import importlib.machinery
        import sys
        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                return importlib.machinery.ModuleSpec(name, self, is_package=True) if "bngrader" in name else None
            def exec_module(self, module):
                module.close = module.leaves_arguments_alone = module.call = lambda *rest, **named: rest[1:]
        sys.meta_path.insert(0, Finder())
        for name in [name for name in sys.modules if name.startswith("bngrader")]:
            del sys.modules[name]
    """),
    "patch-builtins": cheat("""
        import builtins
        builtins.isinstance = lambda *rest: True
        builtins.zip = lambda *rest, **named: iter(())
        builtins.range = lambda *rest: []
        builtins.len = lambda *rest: 3
        builtins.AssertionError = builtins.Warning
    """),
    "patch-names": spoiling("""
        class Anything:
            def __getattr__(self, name):
                return self
            def __call__(self, *rest, **named):
                return self
            def __iter__(self):
                return iter((self, self, self))
            def __eq__(self, other):
                return True
        np = x = z = mean = std = form = rng = call = close = leaves_arguments_alone = Anything()
        zip = range = isinstance = len = Anything()
        AssertionError = CheckFailed = Warning
    """),
    "patch-syntax": cheat("""
        import ast
        class Drop(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.Pass()
            def visit_Expr(self, node):
                return ast.Pass()
            def visit_Raise(self, node):
                return ast.Pass()
        get_ipython().ast_transformers.append(Drop())
    """),
    "patch-input": spoiling("""
        shell = get_ipython()
        shell.input_transformers_cleanup.append(lambda lines: ["pass"])
        shell.input_transformers_post.append(lambda lines: ["pass"])
    """),
    "patch-run-cell": spoiling("""
        shell = get_ipython()
        async def run(*rest, **named):
            return None
        for owner in (shell, type(shell)):
            owner.run_cell_async = owner.run_ast_nodes = owner.run_code = run
    """),
    "patch-events": cheat("""
        shell = get_ipython()
        def disarm(*rest):
            import sys
            for module in list(sys.modules.values()):
                if getattr(module, "CheckFailed", None):
                    module.close = module.leaves_arguments_alone = lambda *rest, **named: None
        for event in ("pre_execute", "pre_run_cell", "post_run_cell", "post_execute"):
            shell.events.register(event, disarm)
    """),
    "patch-traceback": cheat("""
        shell = get_ipython()
        shell.set_custom_exc((BaseException,), lambda *rest, **named: None)
        shell.showtraceback = shell._showtraceback = shell.showsyntaxerror = lambda *rest, **named: None
    """),
    "patch-excepthook": cheat("""
        import sys
        sys.excepthook = sys.unraisablehook = sys.displayhook = lambda *rest: None
        sys.stderr = sys.__stderr__ = None
    """),
    "patch-trace": cheat("""
        import sys
        import threading
        def trace(frame, event, argument):
            for name in ("wrong", "expected", "want"):
                if name in frame.f_locals:
                    frame.f_locals["numbers"] = frame.f_locals[name]
            return trace
        sys.settrace(trace)
        threading.settrace(trace)
    """),
    "patch-profile": cheat("""
        import sys
        def profile(frame, event, argument):
            if event == "call" and frame.f_code.co_name in ("close", "leaves_arguments_alone", "_failure"):
                frame.f_globals["np"].isclose = lambda a, b, **rest: True
        sys.setprofile(profile)
    """),
    "patch-code": cheat("""
        import gc
        import types
        empty = (lambda *rest, **named: None).__code__
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__name__ in ("close", "_failure", "_check_form"):
                thing.__code__ = empty
    """),
}
