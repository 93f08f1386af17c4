//! Reads the modules of a crate, and which of them uses which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, Item, Meta, UseTree,
    visit::{self, Visit},
};

/// The place of a module in its crate: the names that lead to it from the root.
pub(crate) type ModulePath = Vec<String>;

/// The modules of a crate. Tests are left out: modules, items and imports under `#[cfg(test)]`.
pub(crate) struct Modules(BTreeMap<ModulePath, Module>);

#[derive(Default)]
struct Module {
    /// The names that it defines.
    items: BTreeSet<String>,
    /// Imported names, private ones too (child modules see them), with the path each stands for.
    imports: BTreeMap<String, Vec<String>>,
    /// The paths before `*`.
    globs: Vec<Vec<String>>,
    /// Every path in its code, as it is written there.
    paths: BTreeSet<Vec<String>>,
}

impl Modules {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(root: &Path) -> Self {
        let mut modules = Self(BTreeMap::new());
        let folder = root.parent().expect("a folder").to_owned();
        modules.read_file(root, &folder, Vec::new());
        modules
    }

    /// `folder` is where the module's children have their files.
    fn read_file(&mut self, file: &Path, folder: &Path, path: ModulePath) {
        let text =
            fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if !is_test(&parsed.attrs) {
            self.read_items(&parsed.items, folder, path);
        }
    }

    fn read_items(&mut self, items: &[Item], folder: &Path, path: ModulePath) {
        let mut module = Module::default();
        for item in items {
            let child = match item {
                Item::Mod(child) if !is_test(&child.attrs) => child,
                Item::Mod(_) => continue,
                other => {
                    module.visit_item(other);
                    continue;
                }
            };
            let name = name_of(&child.ident);
            let inside = folder.join(&name);
            let place: ModulePath = [&path[..], std::slice::from_ref(&name)].concat();
            if let Some((_, items)) = &child.content {
                self.read_items(items, &inside, place);
            } else if let Some(file) = path_attribute(&child.attrs) {
                let file = folder.join(file);
                let beside = file.parent().expect("a folder").to_owned();
                self.read_file(&file, &beside, place);
            } else {
                let files = [folder.join(format!("{name}.rs")), inside.join("mod.rs")];
                let file: Vec<&PathBuf> = files.iter().filter(|file| file.exists()).collect();
                assert_eq!(file.len(), 1, "the file of the module {place:?}");
                self.read_file(file[0], &inside, place);
            }
        }
        self.0.insert(path, module);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the circles: each as the module in which they stand, and the names of those of its
    /// children that use each other in a circle. A child counts with all that is inside. What a
    /// module and its parent use of each other does not count, since that is how Rust's modules
    /// are: the parent declares its children and names them again, they use what it defines.
    pub(crate) fn circles(&self) -> Vec<Circle> {
        let mut uses: BTreeMap<ModulePath, BTreeMap<String, BTreeMap<String, String>>> =
            BTreeMap::new();
        for (user, module) in &self.0 {
            // A name alone is a local one or has an import, which is a path too.
            for path in module.paths.iter().filter(|path| path.len() > 1) {
                let Some(used) = self.module_of(user, path, 0) else {
                    continue;
                };
                let shared = (user.iter().zip(&used))
                    .take_while(|(one, other)| one == other)
                    .count();
                if let (Some(from), Some(to)) = (user.get(shared), used.get(shared)) {
                    let example = format!("{} uses {}", user.join("::"), path.join("::"));
                    let inside = uses.entry(user[..shared].to_vec()).or_default();
                    inside
                        .entry(from.clone())
                        .or_default()
                        .entry(to.clone())
                        .or_insert(example);
                }
            }
        }
        uses.into_iter()
            .flat_map(|(parent, graph)| circles_in(&parent, &graph))
            .collect()
    }

    /// Returns the module that defines what `path` names in the code of `user`. `None`: another
    /// crate does, or it is a local name.
    fn module_of(&self, user: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        assert!(depth < 32, "{path:?} in {user:?} stands for itself");
        let (first, rest) = path.split_first()?;
        let module = self.0.get(user)?;
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, depth),
            "self" => self.descend(user.to_vec(), rest, depth),
            "super" => {
                let parent = &user[..user.len().checked_sub(1)?];
                match rest.first().map(String::as_str) {
                    Some("super") => self.module_of(parent, rest, depth),
                    _ => self.descend(parent.to_vec(), rest, depth),
                }
            }
            name => {
                let child = [user, &[name.to_owned()]].concat();
                if self.0.contains_key(&child) {
                    return self.descend(child, rest, depth);
                }
                let path = [module.imports.get(name)?, rest].concat();
                (path[0] != *first).then(|| self.module_of(user, &path, depth + 1))?
            }
        }
    }

    /// Follows names from a module downwards, and where a module names an item again, to the item.
    fn descend(&self, at: ModulePath, names: &[String], depth: usize) -> Option<ModulePath> {
        assert!(depth < 32, "{names:?} in {at:?} stands for itself");
        let Some((name, rest)) = names.split_first() else {
            return Some(at);
        };
        let child = [&at[..], std::slice::from_ref(name)].concat();
        if self.0.contains_key(&child) {
            return self.descend(child, rest, depth);
        }
        let module = self.0.get(&at)?;
        if module.items.contains(name) {
            return Some(at);
        }
        if let Some(import) = module.imports.get(name) {
            let path = [&import[..], rest].concat();
            return self.module_of(&at, &path, depth + 1);
        }
        // One that holds the name; else a macro may define it here.
        let globs = module
            .globs
            .iter()
            .filter_map(|glob| self.module_of(&at, glob, depth + 1));
        let found = globs.filter(|target| *target != at).find(|target| {
            self.0
                .get(target)
                .is_some_and(|module| module.items.contains(name))
        });
        found.or(Some(at))
    }
}

/// Modules that use each other in a circle.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) parent: String,
    pub(crate) children: Vec<String>,
    /// An example of each use in the circle.
    pub(crate) uses: Vec<String>,
}

/// Returns the circles of a graph: the sets of nodes that reach each other.
fn circles_in(
    parent: &[String],
    graph: &BTreeMap<String, BTreeMap<String, String>>,
) -> Vec<Circle> {
    let reached_from = |start: &String| {
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for next in graph.get(node).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> = graph
        .keys()
        .map(|node| (node, reached_from(node)))
        .collect();
    let mut circles: Vec<Circle> = Vec::new();
    for (node, reaches) in &reached {
        let is_back = |other: &&&String| reached.get(**other).is_some_and(|it| it.contains(node));
        let children: Vec<String> = reaches
            .iter()
            .filter(is_back)
            .map(|&name| name.clone())
            .collect();
        if children.is_empty() || circles.iter().any(|known| known.children == children) {
            continue;
        }
        let uses = children.iter().flat_map(|from| &graph[from]);
        let uses = uses.filter(|(to, _)| children.contains(to));
        circles.push(Circle {
            parent: parent.join("::"),
            uses: uses.map(|(_, example)| example.clone()).collect(),
            children,
        });
    }
    circles
}

impl Module {
    fn add_use(&mut self, tree: &UseTree, before: &[String]) {
        match tree {
            UseTree::Path(path) => {
                let before = [before, &[name_of(&path.ident)]].concat();
                self.add_use(&path.tree, &before);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let own = before.last().expect("`self` follows a path").clone();
                self.add_import(own, before.to_vec());
            }
            UseTree::Name(name) => {
                let name = name_of(&name.ident);
                self.add_import(name.clone(), [before, &[name]].concat());
            }
            UseTree::Rename(renamed) => {
                let mut path = before.to_vec();
                if renamed.ident != "self" {
                    path.push(name_of(&renamed.ident));
                }
                self.add_import(name_of(&renamed.rename), path);
            }
            UseTree::Glob(_) => {
                self.paths.insert(before.to_vec());
                self.globs.push(before.to_vec());
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before);
                }
            }
        }
    }

    fn add_import(&mut self, name: String, path: Vec<String>) {
        self.paths.insert(path.clone());
        self.imports.insert(name, path);
    }

    /// Macros take tokens, not syntax: collects what looks like a path there.
    fn add_tokens(&mut self, text: &str) {
        let spaced = text.replace("::", " :: ");
        let is_name =
            |word: &str| word.chars().all(|c| c.is_alphanumeric() || c == '_') && !word.is_empty();
        let between = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
        let mut path: Vec<String> = Vec::new();
        let mut is_open = false;
        for word in spaced.split(between).filter(|word| !word.is_empty()) {
            if word == "::" {
                is_open = true;
            } else if is_open && is_name(word) {
                path.push(word.to_owned());
                is_open = false;
            } else {
                self.paths.insert(std::mem::take(&mut path));
                if is_name(word) {
                    path.push(word.to_owned());
                }
                is_open = false;
            }
        }
        self.paths.insert(path);
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            // Inside a function.
            Item::Mod(item) => (&item.attrs, None),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Union(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            self.items.extend(name.map(name_of));
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_use(&item.tree, &[]);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| name_of(&segment.ident));
        self.paths.insert(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.add_tokens(&called.tokens.to_string());
        visit::visit_macro(self, called);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // `#[serde(with = "crate::x")]`; a comment is prose.
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(&list.tokens.to_string());
        }
    }
}

fn name_of(ident: &syn::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// Tells whether no build but that of tests has it.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let text = list.tokens.to_string().replace(' ', "");
        let is_named = |name: &str| text == name || text.starts_with(&format!("all({name},"));
        attribute.path().is_ident("cfg") && (is_named("test") || is_named("doctest"))
    })
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
}
