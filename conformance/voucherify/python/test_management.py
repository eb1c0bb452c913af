"""What a project is set up with: metadata schemas, and who is told of what happens."""

from shop import PROJECT, Case, client, fresh


class MetadataSchemas(Case):
    def test_are_made_read_changed_listed_removed_and_held_against_what_is_written(self):
        properties = {
            "season": {"type": "string", "eq": ["summer", "winter"], "optional": True},
            "weight": {"type": "number", "gte": 1, "optional": True},
        }
        management = client.management
        made = management.create_metadata_schema(PROJECT, body={"related_object": "product", "properties": properties})
        try:
            self.assertRegex(made.id, "^ms_")
            self.holds(made, {"related_object": "product", "allow_defined_only": False, "object": "metadata_schema"})
            self.holds(made, {"properties": properties})
            self.holds(management.get_metadata_schema1(PROJECT, made.id), {"id": made.id, "properties": properties})
            listed = management.list_metadata_schemas1(PROJECT)
            self.assertIn(made.id, [schema.id for schema in listed.data])
            read = client.metadata_schemas.get_metadata_schema("product")
            self.holds(read, {"id": made.id, "related_object": "product", "properties": properties})
            listed = client.metadata_schemas.list_metadata_schemas()
            self.holds(listed, {"object": "list", "data_ref": "schemas"})
            self.assertIn(made.id, [schema.id for schema in listed.schemas])
            wrong = {"source_id": fresh("scarf"), "metadata": {"season": "spring", "weight": 0}}
            create = client.products.create_product
            self.refused(400, "metadata_validation_failed", create, body=wrong)
            more = {"colour": {"type": "string", "optional": True}}
            changed = management.update_metadata_schema(PROJECT, made.id, body={"properties": more})
            self.holds(changed, {"id": made.id, "properties": properties | more})
        finally:
            management.delete_metadata_schema(PROJECT, made.id)
        self.refused(404, "not_found", management.get_metadata_schema1, PROJECT, made.id)


class Webhooks(Case):
    def test_are_made_read_changed_listed_removed(self):
        management = client.management
        sent = {"target_url": f"https://shop.example/{fresh('told')}", "events": ["campaign.created", "voucher.created"]}
        made = management.create_webhook(PROJECT, body=sent)
        try:
            self.assertRegex(made.id, "^wh_")
            self.holds(made, sent | {"active": True, "object": "webhook"})
            self.holds(management.get_webhook(PROJECT, made.id), sent | {"id": made.id})
            listed = management.list_webhooks(PROJECT)
            self.assertIn(made.id, [webhook.id for webhook in listed.data])
            changed = management.update_webhook(PROJECT, made.id, body={"active": False})
            self.holds(changed, sent | {"id": made.id, "active": False})
        finally:
            management.delete_webhook(PROJECT, made.id)
        self.refused(404, "not_found", management.get_webhook, PROJECT, made.id)
