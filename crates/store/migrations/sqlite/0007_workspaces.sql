-- A connection belongs to a workspace; `user_id` stays: who granted it. Each user has a personal workspace. It has
-- the user's id, so that values sealed for the user are sealed for the workspace as they are.
CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);
INSERT INTO workspaces (id, created_at) SELECT id, created_at FROM users;

-- Always set; SQLite cannot add a NOT NULL column with a reference.
ALTER TABLE meta_connections ADD COLUMN workspace_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE;
UPDATE meta_connections SET workspace_id = user_id;
CREATE UNIQUE INDEX meta_connections_workspace ON meta_connections (workspace_id, kind, app_id, meta_user_id);

ALTER TABLE authorizations ADD COLUMN workspace_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE;
UPDATE authorizations SET workspace_id = user_id;
CREATE INDEX authorizations_workspace ON authorizations (workspace_id);

-- Pages and Instagram accounts are shown page by page.
CREATE INDEX meta_pages_order ON meta_pages (connection_id, name, page_id);
CREATE INDEX meta_instagram_accounts_order ON meta_instagram_accounts (connection_id, username, instagram_id);
CREATE INDEX meta_instagram_accounts_page ON meta_instagram_accounts (connection_id, page_id);
