//! Ad objects created through the API, changes of generated ones, and uploaded images.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::world::ad_objects::{AdObject, AdObjectKind, FIRST_CREATED};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct AdObjects {
    /// By id.
    #[serde(default)]
    objects: BTreeMap<u64, StoredObject>,
    #[serde(default)]
    images: Vec<Image>,
    #[serde(default)]
    created: u32,
}

/// What was sent to create or change an object.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct StoredObject {
    pub(crate) fields: Map<String, Value>,
    /// `None`: the object is a generated one.
    pub(crate) created_at: Option<i64>,
    pub(crate) updated_at: i64,
}

/// An uploaded image. Its contents are not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Image {
    /// Index of the ad account.
    pub(crate) account: usize,
    /// MD5 of the contents, in hex.
    pub(crate) hash: String,
    pub(crate) name: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) created_at: i64,
}

impl AdObjects {
    pub(crate) fn stored(&self, object: AdObject) -> Option<&StoredObject> {
        self.objects.get(&object.id())
    }

    /// A field as it was sent.
    pub(crate) fn field(&self, object: AdObject, name: &str) -> Option<&Value> {
        self.stored(object)?.fields.get(name)
    }

    pub(crate) fn create(
        &mut self,
        account: usize,
        kind: AdObjectKind,
        fields: Map<String, Value>,
        now: i64,
    ) -> AdObject {
        let object = AdObject { kind, account, number: FIRST_CREATED + self.created };
        self.created += 1;
        self.objects.insert(object.id(), StoredObject { fields, created_at: Some(now), updated_at: now });
        object
    }

    pub(crate) fn change(&mut self, object: AdObject, fields: Map<String, Value>, now: i64) {
        let stored = self.objects.entry(object.id()).or_default();
        stored.fields.extend(fields);
        stored.updated_at = now;
    }

    /// Created objects of a kind, newest first.
    pub(crate) fn created(&self, account: usize, kind: AdObjectKind) -> impl Iterator<Item = AdObject> {
        let first = AdObject { kind, account, number: FIRST_CREATED };
        let last = AdObject { number: FIRST_CREATED + self.created, ..first };
        let ids = self.objects.range(first.id()..last.id()).rev().map(|(id, _)| *id);
        ids.filter_map(AdObject::from_id)
    }

    /// Images of an ad account, newest first.
    pub(crate) fn images(&self, account: usize) -> impl Iterator<Item = &Image> {
        self.images.iter().rev().filter(move |image| image.account == account)
    }

    /// Replaces an image with the same contents.
    pub(crate) fn add_image(&mut self, image: Image) {
        self.remove_image(image.account, &image.hash);
        self.images.push(image);
    }

    /// Whether there was such an image.
    pub(crate) fn remove_image(&mut self, account: usize, hash: &str) -> bool {
        let before = self.images.len();
        self.images.retain(|image| image.account != account || image.hash != hash);
        self.images.len() < before
    }
}
