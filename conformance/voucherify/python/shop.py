"""The shop under test: its client, what its server serves, and how answers are compared."""

import inspect
import itertools
import json
import os
import time
import typing
import unittest
import urllib.request

import voucherify

URL = os.environ["PROFFER_URL"]
KEY = os.environ["PROFFER_KEY"]

#: Methods that were called with success, as "customers.create_customer".
covered = set()


class Namespace:
    """One of the client's APIs; each method that succeeds is noted.

    The client reads every answer into its models and raises where a type is not the one it knows,
    a value is not in its list, or something it needs is missing. So each call is also a test of
    the whole answer's shape.
    """

    def __init__(self, name, api):
        self._name = name
        self._api = api

    def __getattr__(self, name):
        method = getattr(self._api, name)

        def call(*words, body=None, **named):
            if body is not None:
                named |= dict([read_as(method, body)])
            answer = method(*words, **named)
            covered.add(f"{self._name}.{name}")
            return answer

        call.method = method
        return call


def read_as(method, body):
    """The method's parameter for a body, and the body as the client's own model.

    Something new is made by `from_dict`, which sends each member that is not there as `null`; what
    is changed is made by the model itself, which sends what is there and no more.
    """
    changes = method.__name__.startswith("update_")
    for name, parameter in inspect.signature(method).parameters.items():
        for kind in kinds(parameter.annotation):
            if hasattr(kind, "from_dict"):
                read = kind.model_validate if changes else kind.from_dict
                return name, [read(one) for one in body] if isinstance(body, list) else read(body)
    raise TypeError(f"{method} takes no body")


def kinds(annotation):
    """Every class that stands in an annotation."""
    inner = typing.get_args(annotation)
    return [annotation] if not inner else [kind for one in inner for kind in kinds(one)]


def apis():
    """The client's classes of calls, by short names."""
    for name, kind in vars(voucherify).items():
        if name.endswith("Api") and inspect.isclass(kind):
            yield kind.__module__.rsplit(".", 1)[1].removesuffix("_api"), kind


class Client:
    """All of the official client, for one pair of keys."""

    def __init__(self, keys, **headers):
        setting = voucherify.Configuration(host=URL, api_key=keys)
        setting.retries = False
        connection = voucherify.ApiClient(setting)
        for header, value in headers.items():
            connection.set_default_header(header, value)
        for name, kind in apis():
            setattr(self, name, Namespace(name, kind(connection)))


KEYS = {
    # Of a shop's pages; its key is there where the server has keys for pages.
    "X-Client-Application-Id": "conformance",
    "X-Client-Token": os.environ.get("PROFFER_PUBLIC_KEY", ""),
    "X-App-Id": "conformance",
    "X-App-Token": KEY,
    "X-Management-Id": "conformance",
    "X-Management-Token": KEY,
}

client = Client(KEYS)

#: The sandbox, as the calls that manage a project name it.
PROJECT = "proj_0000000000002"


def route(method, path):
    """Method and path with its parameters unnamed: GET /v1/customers/{}."""
    parts = ["{}" if part.startswith("{") else part for part in path.split("/")]
    return f"{method.upper()} {'/'.join(parts)}"


def description():
    with urllib.request.urlopen(f"{URL}/openapi.json") as answer:
        return json.load(answer)


served = {route(method, path) for path, methods in description()["paths"].items() for method in methods}


def needs(*routes):
    """Passes a test over, saying so, where the server does not serve what it calls."""
    missing = [one for one in routes if one not in served]
    return unittest.skipIf(missing, f"not served: {', '.join(missing)}")


counter = itertools.count(1)
run = format(int(time.time() * 1000), "x")


def fresh(stem):
    """A name that nothing else has."""
    return f"{stem}-{run}-{next(counter)}"


class Case(unittest.TestCase):
    """A test that compares answers by value and refusals by code and key."""

    def holds(self, actual, expected, place=""):
        """The expected members are there with these values; others may stand beside them."""
        if hasattr(actual, "actual_instance"):
            actual = actual.actual_instance
        if hasattr(actual, "to_dict"):
            actual = actual.to_dict()
        if isinstance(expected, dict):
            self.assertIsInstance(actual, dict, place)
            for name, value in expected.items():
                self.holds(actual.get(name), value, f"{place}/{name}")
        elif isinstance(expected, list):
            self.assertIsInstance(actual, list, place)
            self.assertEqual(len(actual), len(expected), place)
            for at, value in enumerate(expected):
                self.holds(actual[at], value, f"{place}/{at}")
        else:
            self.assertEqual(actual, expected, place)

    def refused(self, status, key, call, *words, **named):
        with self.assertRaises(voucherify.ApiException) as caught:
            call(*words, **named)
        body = json.loads(caught.exception.body)
        self.assertEqual((caught.exception.status, body["code"], body["key"]), (status, status, key), body)
        self.assertIsInstance(body["request_id"], str)
        return body


def finished(case, started):
    """Waits until the action is done, and hands it on."""
    case.assertRegex(started.async_action_id, "^aa_")
    for _ in range(50):
        action = client.async_actions.get_async_action(started.async_action_id)
        if action.status == "DONE":
            case.holds(action, {"operation_status": "SUCCESS", "object": "async_action"})
            return action
        case.assertNotEqual(action.status, "FAILED", action)
        time.sleep(0.1)
    raise AssertionError(f"{started.async_action_id} is not done")


def gone(case, read, name):
    """Waits until what was removed is found no more."""
    for _ in range(50):
        try:
            read(name)
        except voucherify.ApiException as error:
            return case.assertEqual((error.status, json.loads(error.body)["key"]), (404, "not_found"))
        time.sleep(0.1)
    raise AssertionError(f"{name} is still there")


def order(*lines):
    """An order of lines (product, quantity, price)."""
    items = [
        {"related_object": "product", "source_id": product, "quantity": quantity, "price": price}
        for product, quantity, price in lines
    ]
    return {"source_id": fresh("order"), "items": items}


def voucher(code, **more):
    return {"object": "voucher", "id": code, **more}


def tier(name):
    return {"object": "promotion_tier", "id": name}


def amount(off, **more):
    return {"type": "AMOUNT", "amount_off": off, **more}


def percent(off, **more):
    return {"type": "PERCENT", "percent_off": off, **more}


def code(discount, **more):
    """A code of its own with this discount."""
    body = {"type": "DISCOUNT_VOUCHER", "discount": discount, **more}
    return client.vouchers.create_voucher(fresh("CODE").upper(), body=body)


def gift_card(money, **more):
    body = {"type": "GIFT_VOUCHER", "gift": {"amount": money}, **more}
    return client.vouchers.create_voucher(fresh("GIFT").upper(), body=body)


def promotion(discount, **more):
    """A promotion with one tier; returns the tier."""
    campaign = client.campaigns.create_campaign(
        body={
            "name": fresh("promotion"),
            "campaign_type": "PROMOTION",
            "promotion": {"tiers": [{"name": "first", "banner": "Now cheaper", "action": {"discount": discount}, **more}]},
        }
    )
    return campaign.promotion.tiers[0]
