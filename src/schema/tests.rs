use std::collections::BTreeSet;

use serde_json::json;

use super::*;

/// The OpenAPI schema from which the `Structural` is read: that of the CRD with the `metadata` of
/// the overlay.
fn openapi() -> Value {
    let mut openapi: Value = embedded(OPENAPI);
    openapi["properties"]["metadata"] = embedded::<Overlay>(OVERLAY).metadata;
    openapi
}

/// Calls `visit` with each place of the schema, its OpenAPI schema and the `Structural` that was
/// read from it.
fn visit_places(mut visit: impl FnMut(&str, &Value, &Structural)) {
    visit_below(&openapi(), JobSchema::default().structural(), "", &mut visit);
}

fn visit_below(
    openapi: &Value,
    schema: &Structural,
    place: &str,
    visit: &mut impl FnMut(&str, &Value, &Structural),
) {
    visit(place, openapi, schema);
    for (name, below) in openapi["properties"].as_object().into_iter().flatten() {
        let dot = if place.is_empty() { "" } else { "." };
        visit_below(below, schema.child(name).unwrap(), &format!("{place}{dot}{name}"), visit);
    }
    let place = format!("{place}[*]");
    if openapi["additionalProperties"].is_object() {
        visit_below(&openapi["additionalProperties"], schema.child("any").unwrap(), &place, visit);
    }
    if openapi["items"].is_object() {
        visit_below(&openapi["items"], schema.items(), &place, visit);
    }
}

#[test]
fn each_quantity_keyed_list_set_and_default_is_read() {
    let [mut quantities, mut keyed, mut sets, mut defaults] = [0_usize; 4];
    visit_places(|place, openapi, schema| {
        let pattern = openapi["pattern"].as_str().unwrap_or_default();
        let is_quantity = matches!(schema.kind, Kind::Quantity);
        assert_eq!(is_quantity, pattern.contains("numkMGTPE"), "{place}");
        quantities += usize::from(is_quantity);

        let (keys, is_set) = match &schema.kind {
            Kind::List { identity: Identity::Keys(keys), .. } => (keys.as_slice(), false),
            Kind::List { identity, .. } => (&[][..], matches!(identity, Identity::Set)),
            _ => (&[][..], false),
        };
        let names: Vec<Value> = keys.iter().map(|key| Value::from(&*key.name)).collect();
        let declared =
            openapi["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default();
        assert_eq!(names, declared, "{place}");
        for ListKey { name, default } in keys {
            let declared = openapi["items"]["properties"][&**name].get("default");
            let declared = declared.map(Value::to_string);
            assert_eq!(default.as_deref(), declared.as_deref(), "{place}");
        }
        keyed += usize::from(!keys.is_empty());
        assert_eq!(is_set, openapi["x-kubernetes-list-type"] == "set", "{place}");
        sets += usize::from(is_set);

        if let Some(default) = openapi.get("default") {
            assert_eq!(schema.default.as_ref(), Some(default), "{place}");
            let absent_is = schema.absent_is.as_ref().map(|value| value.root().to_value());
            assert_eq!(absent_is.as_ref(), Some(default), "{place}");
            defaults += 1;
        }
    });
    // The numbers match the text of the CRD. The overlay adds one keyed list, whose key has a default,
    // and one set.
    let occurrences = |needle: &str| OPENAPI.matches(needle).count();
    assert_eq!(quantities, occurrences("numkMGTPE"));
    assert_eq!(keyed, occurrences(r#""x-kubernetes-list-type": "map""#) + 1);
    assert_eq!(sets, occurrences(r#""x-kubernetes-list-type": "set""#) + 1);
    assert_eq!(defaults, occurrences(r#""default": "#) + 1);
}

#[test]
fn each_keyword_of_the_crd_is_read() {
    /// The keywords that are not value validations.
    const STRUCTURE: [&str; 8] = [
        "properties",
        "additionalProperties",
        "items",
        "default",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-int-or-string",
        "x-kubernetes-map-type",
    ];
    visit_places(|place, openapi, schema| {
        for (keyword, value) in openapi.as_object().unwrap() {
            match keyword.as_str() {
                // The keyword `type` is equivalent.
                "anyOf" if openapi["x-kubernetes-int-or-string"] == true => {
                    assert_eq!(*value, json!([{"type": "integer"}, {"type": "string"}]));
                    let types = json!(["integer", "string"]);
                    assert_eq!(schema.value_validation("type"), Some(&types));
                }
                keyword if STRUCTURE.contains(&keyword) => {}
                keyword => {
                    assert_eq!(schema.value_validation(keyword), Some(value), "{place} {keyword}");
                }
            }
        }
    });
}

#[test]
fn each_place_of_the_overlay_is_in_the_schema() {
    let overlay: Overlay = embedded(OVERLAY);
    let mut places = BTreeSet::new();
    visit_places(|place, openapi, schema| {
        places.insert(place.to_owned());
        let zero_is_absent = overlay.zero_is_absent.contains(place);
        let has_default = openapi.get("default").is_some();
        assert_eq!(schema.absent_is.is_some(), zero_is_absent || has_default, "{place}");
    });
    let named =
        [overlay.durations, overlay.zero_is_absent, overlay.system_managed, overlay.server_filled];
    let keys = overlay.filled_beside.into_keys().chain(overlay.choices.into_keys());
    let named = named.into_iter().flatten().chain(keys);
    let unknown_places: Vec<String> = named.filter(|place| !places.contains(place)).collect();
    assert!(unknown_places.is_empty(), "{unknown_places:?}");
}

#[test]
fn a_default_includes_nested_defaults() {
    let protocol = json!({"type": "string", "default": "TCP"});
    let port = json!({"properties": {"protocol": protocol, "name": {"type": "string"}}});
    let schema = Structural::of(&json!({
        "default": {"first": {"protocol": null}, "list": [{"name": "a"}], "map": {"key": {}}},
        "properties": {
            "first": port,
            "second": {"default": {}, "properties": {"protocol": protocol}},
            "third": port,
            "list": {"type": "array", "items": port},
            "map": {"additionalProperties": port},
        },
    }));
    let completed = json!({
        "first": {"protocol": "TCP"},
        "second": {"protocol": "TCP"},
        "list": [{"name": "a", "protocol": "TCP"}],
        "map": {"key": {"protocol": "TCP"}},
    });
    assert_eq!(schema.default, Some(completed));
}

#[test]
fn child_is_any_and_declared_child_is_none_below_an_undescribed_value() {
    let schema = Structural::of(&json!({"properties": {"open": {"type": "object"}}}));
    assert!(schema.child("unknown").is_none());
    assert!(schema.declared_child("unknown").is_none());
    let open = schema.child("open").unwrap();
    assert!(matches!(open.child("unknown"), Some(Structural { kind: Kind::Any, .. })));
    assert!(open.declared_child("unknown").is_none());
}

#[test]
fn count_violation_requires_a_count_outside_the_bounds() {
    let schema = Structural::of(&json!({"type": "array", "minItems": 1, "maxItems": 2}));
    let kind = |count| {
        schema.count_violation(&FieldPath::default(), count).map(|violation| violation.kind)
    };
    assert_eq!(kind(0), Some(SchemaViolationKind::TooFew { least: 1, found: 0 }));
    assert_eq!(kind(1), None);
    assert_eq!(kind(2), None);
    assert_eq!(kind(3), Some(SchemaViolationKind::TooMany { most: 2, found: 3 }));
}

#[test]
fn from_crd_rejects_documents_other_than_the_crd_of_a_job() {
    let error = |text: &str| {
        let document: Value = serde_json::from_str(text).unwrap();
        JobSchema::from_crd(&document).unwrap_err()
    };
    assert_eq!(error("[]"), SchemaError::NotACrd);
    assert_eq!(error(r#"{"spec": {"group": "a", "versions": []}}"#), SchemaError::OtherResource);
    let no_version =
        r#"{"spec": {"group": "batch.volcano.sh", "names": {"kind": "Job"}, "versions": []}}"#;
    assert_eq!(error(no_version), SchemaError::NoSchema);
    let invalid_json_schema =
        r#"{"properties": {"spec": {"properties": {"queue": {"minLength": "1"}}}}}"#;
    assert!(matches!(error(invalid_json_schema), SchemaError::NotASchema(_)));
}
