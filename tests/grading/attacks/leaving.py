"""Attacks that end the student process or outlive it: exits, signals, forks, threads and handlers."""

from tests.grading.attacks.attack import cheat, dangerous, racing, spoiling

ATTACKS = {
    "exit-in-a-call": cheat("""
        import os
        def standardize(x):
            os._exit(0)
    """),
    "exit-in-the-cell": cheat("""
        import os
        os._exit(0)
    """),
    "exit-by-exception": cheat("raise SystemExit(0)"),
    "exit-by-interrupt": cheat("raise KeyboardInterrupt"),
    "exit-by-name": cheat("""
        exit()
        quit()
        get_ipython().ask_exit()
        get_ipython().kernel.do_shutdown(False)
    """),
    "exit-late": racing("""
        import threading
        import os
        threading.Timer(0.05, os._exit, (0,)).start()
    """),
    "crash": cheat("""
        import ctypes
        def standardize(x):
            ctypes.string_at(0)
    """),
    "abort": cheat("""
        import os
        def standardize(x):
            os.abort()
    """),
    "kill-all": dangerous("""
        import os
        import signal
        def standardize(x):
            for target in (os.getppid(), 1, 0, -1):
                for number in (signal.SIGKILL, signal.SIGSTOP):
                    try:
                        os.kill(target, number)
                    except OSError:
                        continue
            return x, x[0], x[0]
    """),
    "kill-by-number": dangerous("""
        import os
        import signal
        for target in range(2, 40_000):
            if target != os.getpid():
                try:
                    os.kill(target, signal.SIGKILL)
                except OSError:
                    continue
    """),
    "ptrace": dangerous("""
        import ctypes
        import os
        libc = ctypes.CDLL(None, use_errno=True)
        for target in {os.getppid(), 1, *range(2, 2000)} - {os.getpid()}:
            if libc.ptrace(16, target, 0, 0) == 0:
                print("LEAKED-OUT: traced", target) if target != os.getpid() else None
                libc.ptrace(17, target, 0, 0)
            try:
                with open(f"/proc/{target}/mem", "r+b", 0):
                    print("LEAKED-OUT: the memory of", target)
            except OSError:
                continue
    """),
    "fork-two-answers": cheat("""
        import os
        def standardize(x):
            os.fork()
            return x, x[0], x[0]
    """),
    "fork-in-the-cell": racing("""
        import os
        os.fork()
    """),
    "exec": cheat("""
        import os
        def standardize(x):
            os.execv("/bin/cat", ["cat"])
    """),
    "threads-that-stay": racing("""
        import threading
        import numpy as np
        def disturb():
            while True:
                np.isclose = lambda *rest, **named: True
                get_ipython().showtraceback = lambda *rest, **named: None
        threading.Thread(target=disturb).start()
    """),
    "threads-that-clear": cheat("""
        import threading
        import time
        from IPython.display import clear_output
        def disturb():
            while True:
                clear_output()
                time.sleep(0.001)
        threading.Thread(target=disturb, daemon=True).start()
    """),
    "atexit": cheat("""
        import atexit
        def never():
            while True:
                pass
        atexit.register(never)
        class Last:
            def __del__(self):
                never()
        last = Last()
    """),
    "processes-that-stay": dangerous("""
        import os
        import subprocess
        for _ in range(3):
            subprocess.Popen(["sleep", "@MARK@"], start_new_session=True, close_fds=False)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execvp("sleep", ["sleep", "@MARK@"])
            os._exit(0)
    """),
    "alarm": racing("""
        import signal
        def ring(*rest):
            raise AssertionError("ring")
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.01)
    """),
    "interrupt-main": cheat("""
        import _thread
        def standardize(x):
            _thread.interrupt_main()
            return x, x[0], x[0]
    """),
    "reset": spoiling("""
        get_ipython().run_line_magic("reset", "-f")
        globals().clear()
    """),
    "subprocess": cheat("""
        import subprocess
        import sys
        def standardize(x):
            if x[0, 0] == 0.1:
                subprocess.run([sys.executable, "-c", "while True: pass"], timeout=60)
            return x, x[0], x[0]
    """),
    "magics": cheat("""
        get_ipython().system("sleep 0; touch pwned; kill -9 $PPID")
    """),
}
