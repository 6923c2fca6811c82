"""Attacks by what a function returns or raises: objects that pretend to be others, or that change."""

from tests.grading.attacks.attack import cheat, dangerous

LIAR = """
class Liar:
    shape, ndim, size, dtype = (3, 2), 2, 6, "float64"
    def __eq__(self, other):
        return True
    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: False
    __hash__ = object.__hash__
    def _self(self, *rest, **named):
        return self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _self
    __abs__ = __neg__ = __invert__ = __getitem__ = __call__ = _self
    def __getattr__(self, name):
        return self
    def __len__(self):
        return 3
    def __iter__(self):
        return iter((self, self, self))
    def __bool__(self):
        return False
    def __float__(self):
        return 0.0
    __int__ = __index__ = lambda self: 0
"""

ATTACKS = {
    "lie-equal": cheat(LIAR + "def standardize(x):\n    return Liar(), Liar(), Liar()\n"),
    "lie-one-object": cheat(LIAR + "def standardize(x):\n    return Liar()\n"),
    "lie-standardize-itself": cheat(LIAR + "standardize = Liar()\n"),
    "lie-class": cheat("""
        import numpy as np
        class Liar:
            __class__ = property(lambda self: np.ndarray)
            def __array__(self, *rest, **named):
                return np.zeros((3, 2))
            shape, dtype = (3, 2), np.dtype(float)
            def __array_ufunc__(self, *rest, **named):
                return np.True_
        def standardize(x):
            return Liar(), Liar(), Liar()
    """),
    "lie-subclass": cheat("""
        import numpy as np
        class Liar(np.ndarray):
            def __array_ufunc__(self, *rest, **named):
                return np.zeros((), bool)
            def __array_function__(self, *rest, **named):
                return np.ones((), bool)
            __eq__ = lambda self, other: np.True_
        def standardize(x):
            return tuple(np.zeros(np.shape(part)).view(Liar) for part in (x, x[0], x[0]))
    """),
    "lie-masked": cheat("""
        import numpy as np
        def standardize(x):
            return tuple(np.ma.masked_all(np.shape(part), x.dtype) for part in (x, x[0], x[0]))
    """),
    "lie-object-array": cheat(
        LIAR
        + """
import numpy as np
def standardize(x):
    return tuple(np.array([Liar()] * part.size, dtype=object).reshape(part.shape) for part in (x, x[0], x[0]))
"""
    ),
    "lie-dtype": cheat("""
        import numpy as np
        kinds = ["V8", "M8[s]", "m8[s]", "U4", "S4", "c16", [("a", "f4"), ("b", "f4")], "O"]
        def standardize(x):
            kind = kinds.pop(0) if kinds else "V8"
            return tuple(np.zeros(np.shape(part), kind) for part in (x, x[0], x[0]))
    """),
    "lie-nan": cheat("""
        import numpy as np
        def standardize(x):
            return np.full(x.shape, np.nan), np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    """),
    "lie-float": cheat("""
        class Liar(float):
            __eq__ = lambda self, other: True
            __sub__ = __rsub__ = lambda self, other: Liar(0)
            __le__ = __lt__ = lambda self, other: True
            __array__ = None
        def standardize(x):
            return [[Liar()] * x.shape[1]] * x.shape[0], [Liar()] * x.shape[1], [Liar()] * x.shape[1]
    """),
    "lie-tuple": cheat("""
        import itertools
        class Liar(tuple):
            reads = itertools.count()
            def __len__(self):
                return 3
            def __iter__(self):
                return iter([next(self.reads)] * 3)
            def __getitem__(self, index):
                return next(self.reads)
            __class__ = property(lambda self: tuple)
        def standardize(x):
            return Liar((x,))
    """),
    "lie-changing": cheat("""
        import threading
        import numpy as np
        def standardize(x):
            parts = np.zeros(x.shape), np.zeros(x.shape[1]), np.zeros(x.shape[1])
            def change():
                for step in range(50_000):
                    for part in parts:
                        part[...] = step
            threading.Thread(target=change, daemon=True).start()
            return parts
    """),
    "lie-array-peeks": cheat("""
        import sys
        import numpy as np
        class Liar:
            def __array__(self, *rest, **named):
                frame = sys._getframe()
                while frame:
                    for name in ("expected", "want"):
                        if name in frame.f_locals:
                            return np.array(frame.f_locals[name])
                    frame = frame.f_back
                return np.zeros(())
        def standardize(x):
            return Liar(), Liar(), Liar()
    """),
    "lie-tensor": cheat("""
        import torch
        class Liar(torch.Tensor):
            @classmethod
            def __torch_function__(cls, *rest, **named):
                return True
        kinds = iter(["meta", "sparse", "subclass", "grad", "conjugate", "nothing"])
        def standardize(x):
            kind = next(kinds, "subclass")
            if kind == "meta":
                part = torch.empty(10**12, device="meta")
            elif kind == "sparse":
                part = torch.zeros(3, 2).to_sparse()
            elif kind == "grad":
                part = torch.zeros(3, 2, requires_grad=True) * 2
            elif kind == "conjugate":
                part = torch.zeros(3, 2, dtype=torch.complex64).conj()
            else:
                part = torch.zeros(3, 2).as_subclass(Liar)
            return part, part, part
    """),
    "lie-broadcast": dangerous("""
        import numpy as np
        def standardize(x):
            huge = np.broadcast_to(np.float64(0), (10**6, 10**6))
            return huge, huge, huge
    """),
    "lie-generator": cheat("""
        import itertools
        def standardize(x):
            return (itertools.repeat(0) for _ in itertools.count())
    """),
    "lie-things": cheat("""
        import sys
        import numpy as np
        things = [type, np, lambda: 0, sys._getframe(), NotImplemented, Ellipsis, object(), sys, Exception("x"), open]
        def standardize(x):
            return things.pop(), things.pop(), things.pop()
    """),
    "lie-cycle": cheat("""
        def standardize(x):
            inside = []
            inside.append(inside)
            return inside, {"a": inside}, inside
    """),
    "lie-deep": cheat("""
        def standardize(x):
            inside = []
            for _ in range(200_000):
                inside = [inside]
            return inside, inside, inside
    """),
    "lie-huge-int": cheat("""
        def standardize(x):
            return 1 << 40_000_000, -(1 << 20_000), 1 << 64
    """),
    "lie-huge-text": cheat("""
        def standardize(x):
            return "x" * 300_000_000, b"y" * 300_000_000, "\\udc80" * 1000
    """),
    "lie-keys": cheat("""
        class Key:
            __hash__ = lambda self: 1
            def __eq__(self, other):
                while True:
                    pass
        def standardize(x):
            return {Key(): 1, 2: Key(), (1, (2,)): [3], None: {}}, {1}, frozenset({2})
    """),
    "lie-text": cheat("""
        class Liar(str):
            __len__ = lambda self: 10**12
            encode = __str__ = lambda self, *rest: Liar()
            __class__ = property(lambda self: float)
        def standardize(x):
            return Liar("0"), Liar("0"), Liar("0")
    """),
    "lie-name": cheat("""
        class Liar:
            __name__ = property(lambda self: 1 / 0)
            __signature__ = property(lambda self: [].pop())
            __code__ = property(lambda self: exit())
            def __call__(self, *rest):
                return rest[0], rest[0][0], rest[0][0]
        standardize = Liar()
    """),
    "lie-collisions": cheat("""
        class Slow(dict):
            def items(self):
                return ((number * ((1 << 61) - 1), 0) for number in range(500_000))
        def standardize(x):
            return (Slow(a=1), Slow(a=1), Slow(a=1)) if x[0, 0] == 0.1 else (x, x[0], x[0])
    """),
    "lie-range": cheat("""
        def standardize(x):
            return range(10**10), range(10**10), slice(None)
    """),
    "lie-arguments": cheat("""
        import ctypes
        import numpy as np
        def standardize(x):
            ctypes.memset(x.ctypes.data, 0, x.nbytes if x.flags.forc else 8)
            owner = x
            while owner.base is not None:
                owner = owner.base
            if isinstance(owner, np.ndarray) and owner.flags.writeable:
                owner[...] = 0
            return np.zeros_like(x), np.zeros_like(x[0]), np.zeros_like(x[0])
    """),
    "raise-liar": cheat("""
        class Liar(Exception):
            __class__ = property(lambda self: AssertionError)
            def __str__(self):
                raise SystemExit
            __repr__ = __str__
            def _render_traceback_(self):
                return ["all is well"]
        def standardize(x):
            raise Liar
    """),
    "raise-endless-text": cheat("""
        class Endless(Exception):
            def __str__(self):
                while True:
                    pass
        def standardize(x):
            raise Endless if x[0, 0] == 0.1 else Exception
    """),
    "raise-huge-text": cheat("""
        def standardize(x):
            raise ValueError("x" * 100_000_000)
    """),
    "raise-check-failed": cheat("""
        class CheckFailed(AssertionError):
            pass
        class SkipTest(Exception):
            pass
        raised = [CheckFailed("Failed: all is well."), SkipTest("skip"), StopIteration(3), GeneratorExit("x")]
        def standardize(x):
            raise raised.pop() if raised else StopAsyncIteration
    """),
    "raise-system-exit": cheat("""
        raised = [SystemExit(0), KeyboardInterrupt("now"), SystemExit("x"), GeneratorExit()]
        def standardize(x):
            raise raised.pop(0) if raised else BaseException("x")
    """),
    "raise-group": cheat("""
        def standardize(x):
            group = ValueError("x")
            for _ in range(2000):
                group = ExceptionGroup("x", [group])
            first, second = ValueError("a"), ValueError("b")
            first.__cause__, second.__cause__ = second, first
            raise group from first
    """),
    "raise-recursion": cheat("""
        def standardize(x):
            return standardize(x)
    """),
}
