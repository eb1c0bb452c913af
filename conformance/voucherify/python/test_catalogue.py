"""Products, SKUs, collections, categories."""

from shop import Case, client, fresh


class Products(Case):
    def test_are_made_read_changed_listed_removed(self):
        source_id = fresh("mug")
        sent = {
            "source_id": source_id,
            "name": "Mug",
            "price": 1250,
            "attributes": ["colour"],
            "metadata": {"material": "clay", "weight": 0.4},
            "image_url": "https://shop.example/mug.png",
        }
        made = client.products.create_product(body=sent)
        self.assertRegex(made.id, "^prod_")
        self.holds(made, sent | {"object": "product"})
        for name in [made.id, source_id]:
            self.holds(client.products.get_product(name), {"id": made.id, "price": 1250})
        changed = client.products.update_product(made.id, body={"price": 1300})
        self.holds(changed, {"id": made.id, "name": "Mug", "price": 1300})
        listed = client.products.list_products(limit=100, page=1, order="-created_at")
        self.holds(listed, {"object": "list", "data_ref": "products"})
        self.assertIn(made.id, [product.id for product in listed.products])
        client.products.delete_product(made.id, force=True)
        self.refused(404, "not_found", client.products.get_product, made.id)

    def test_have_skus(self):
        product = client.products.create_product(body={"source_id": fresh("shirt"), "name": "Shirt", "attributes": ["size"]})
        sent = {
            "source_id": fresh("shirt-m"),
            "sku": "Shirt M",
            "price": 1999,
            "currency": "EUR",
            "attributes": {"size": "M"},
            "metadata": {"fit": "slim"},
        }
        made = client.products.create_sku(product.id, body=sent)
        self.assertRegex(made.id, "^sku_")
        self.holds(made, sent | {"product_id": product.id, "object": "sku"})
        self.holds(client.products.get_sku(made.id), {"id": made.id, "product_id": product.id})
        changed = client.products.update_sku(product.id, made.id, body={"price": 1899})
        self.holds(changed, {"id": made.id, "sku": "Shirt M", "price": 1899})
        listed = client.products.list_skus_in_product(product.id, limit=10)
        self.holds(listed, {"object": "list", "total": 1, "skus": [{"id": made.id}]})
        read = client.products.get_product(product.id)
        self.holds(read, {"skus": {"total": 1, "data": [{"id": made.id, "price": 1899}]}})
        client.products.delete_sku(product.id, made.id, force=True)
        self.refused(404, "not_found", client.products.get_sku, made.id)


class Collections(Case):
    def test_hold_listed_products_or_those_a_filter_finds(self):
        product = client.products.create_product(body={"source_id": fresh("hat"), "name": fresh("Hat")})
        sent = {"type": "STATIC", "name": fresh("hats"), "products": [{"id": product.id, "object": "product"}]}
        fixed = client.product_collections.create_product_collection(body=sent)
        self.assertRegex(fixed.id, "^pc_")
        self.holds(fixed, {"type": "STATIC", "object": "products_collection"})
        condition = {"conditions": {"$is": [product.name]}}
        sent = {"type": "AUTO_UPDATE", "name": fresh("all hats"), "filter": {"junction": "and", "name": condition}}
        found = client.product_collections.create_product_collection(body=sent)
        self.holds(found, {"type": "AUTO_UPDATE", "filter": {"junction": "and"}})
        for collection in [fixed, found]:
            read = client.product_collections.get_product_collection(collection.id)
            self.holds(read, {"id": collection.id, "name": collection.name})
            members = client.product_collections.list_products_in_collection(collection.id)
            self.holds(members, {"object": "list", "total": 1, "data": [{"id": product.id}]})
        listed = client.product_collections.list_product_collections(limit=100)
        self.assertIn(found.id, [collection.id for collection in listed.data])
        for collection in [fixed, found]:
            client.product_collections.delete_product_collection(collection.id)
            self.refused(404, "not_found", client.product_collections.get_product_collection, collection.id)


class Categories(Case):
    def test_are_made_read_changed_listed_removed(self):
        name = fresh("Seasonal")
        made = client.categories.create_category(body={"name": name, "hierarchy": 3})
        self.assertRegex(made.id, "^cat_")
        self.holds(made, {"name": name, "hierarchy": 3, "object": "category"})
        self.holds(client.categories.get_category(made.id), {"id": made.id, "name": name})
        changed = client.categories.update_category(made.id, body={"name": name, "hierarchy": 2})
        self.holds(changed, {"id": made.id, "hierarchy": 2})
        listed = client.categories.list_categories()
        self.holds(listed, {"object": "list", "data_ref": "data"})
        self.assertIn(made.id, [category.id for category in listed.data])
        again = {"name": name, "hierarchy": 1}
        self.refused(409, "duplicate_found", client.categories.create_category, body=again)
        client.categories.delete_category(made.id)
        self.refused(404, "not_found", client.categories.get_category, made.id)
