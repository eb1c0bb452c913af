"""Which of the client's methods were called with success, and which were not?

`not-covered.txt` lists the methods that no test drives, `left-out.txt` those whose calls the contract
leaves out: a test sees each refused. A method that is neither covered nor on a list fails the run, so
that what was covered once cannot fall out unseen. WRITE_NOT_COVERED=1 writes the first list anew.
"""

import inspect
import os
import pathlib
import re

import shop

LIST = pathlib.Path(__file__).with_name("not-covered.txt")
LEFT_OUT = LIST.with_name("left-out.txt")
ROUTE = re.compile(r"method='(\w+)',\s*resource_path='([^']+)'")


def methods():
    """Every call that the client knows, with its route."""
    for name, kind in shop.apis():
        for method in vars(kind):
            maker = getattr(kind, f"_{method}_serialize", None)
            if maker:
                verb, path = ROUTE.search(inspect.getsource(maker)).groups()
                yield f"{name}.{method}", shop.route(verb, path)


def left_out():
    """The methods whose calls are not offered."""
    return LEFT_OUT.read_text().split()


def tell_what_was_left_out():
    """Prints every method that was not driven; false where one should have been."""
    routes = dict(methods())
    missed = sorted(name for name in routes if name not in shop.covered.union(left_out()))
    print(f"\n{len(shop.covered)} of the client's {len(routes)} methods were driven.")
    print(f"The contract leaves out {len(left_out())}.")
    print(f"Not covered, {len(missed)}:")
    for name in missed:
        why = "no test" if routes[name] in shop.served else "not served"
        print(f"  {name}  {routes[name]}: {why}")
    if os.environ.get("WRITE_NOT_COVERED"):
        LIST.write_text("\n".join(missed) + "\n")
        return True
    known = LIST.read_text().split()
    risen = [name for name in known if name not in missed]
    fallen = [name for name in missed if name not in known]
    if risen:
        print(f"Strike from not-covered.txt: {', '.join(risen)}")
    if fallen:
        print(f"No longer covered: {', '.join(fallen)}")
    return not fallen
