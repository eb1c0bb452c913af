"""What the contract leaves out: each such call says that it is not offered."""

import inspect

import coverage
from shop import Case, client, kinds, served


def some(word):
    """A value that the client lets pass: a name, or a thing with nothing in it."""
    (kind,) = [kind for kind in kinds(word.annotation) if inspect.isclass(kind)]
    return kind() if hasattr(kind, "from_dict") else "x"


class LeftOut(Case):
    def test_is_told_from_what_is_not_there(self):
        routes = dict(coverage.methods())
        for name in coverage.left_out():
            with self.subTest(name):
                self.assertNotIn(routes[name], served, "is served: strike it from left-out.txt, and drive it")
                namespace, method = name.split(".")
                call = getattr(getattr(client, namespace), method)
                words = inspect.signature(call.method).parameters.values()
                words = [some(word) for word in words if word.default is inspect.Parameter.empty]
                body = self.refused(404, "not_offered", call, *words)
                self.assertEqual(body["proffer"]["code"], "not_offered")
