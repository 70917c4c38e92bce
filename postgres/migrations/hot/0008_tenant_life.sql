-- Why: a tenant's life has parts that share no commit with its rows: a database of its own, files, queued work. Their
-- steps are written down, so that whoever was killed in the middle goes on where it stopped, and an operator sees how
-- far it is. And a tenant must be erasable whole, from tables that this file does not know yet.
--
-- The owner may therefore read every guarded table, and delete the rows of the tenant that a transaction named. It
-- cannot log in; it acts only through the two functions below, which flomastr_platform alone may call.
--
-- For an operator with large tables: this adds policies and small tables; nothing is rewritten. A policy takes a short
-- exclusive lock on its table.

-- +goose Up

-- +goose StatementBegin
CREATE FUNCTION allow_erasure(t regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY owner_reads ON %s FOR SELECT TO flomastr_owner USING (true)', t);
  EXECUTE format(
    'CREATE POLICY owner_erases ON %s FOR DELETE TO flomastr_owner
       USING (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', t, tenant_column);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION allow_erasure(regclass, name) FROM PUBLIC;

-- From now on a guarded table can be erased from as well.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION guard_tenant_table(t regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format(
    'CREATE POLICY tenant_rows ON %s FOR ALL TO flomastr_app
       USING (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
       WITH CHECK (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', t, tenant_column);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO flomastr_app', t);
  PERFORM public.allow_erasure(t, tenant_column);
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN
    SELECT c.oid::regclass AS name, CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
      AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'owner_erases')
  LOOP
    PERFORM allow_erasure(t.name, t.tenant_column);
  END LOOP;
END
$$;
-- +goose StatementEnd

ALTER TABLE tenants ADD COLUMN status_before text; -- of a soft-deleted tenant: what restoring gives back

-- How far a tenant's making, or its erasure, is. No foreign key: the steps of an erasure outlive the tenant's row.
CREATE TABLE provisioning_steps (
  tenant_id   uuid NOT NULL,
  name        text NOT NULL,
  position    integer NOT NULL,
  state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed')),
  error       text NOT NULL DEFAULT '', -- a sentence for the operator
  affected    bigint NOT NULL DEFAULT 0, -- of an erasure: how many things it removed
  started_at  timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (tenant_id, name)
);
-- Tenants that were made before there were steps.
INSERT INTO provisioning_steps (tenant_id, name, position, state, finished_at)
SELECT t.id, s.name, s.position, CASE WHEN s.position = 1 OR t.cold_ready THEN 'done' ELSE 'pending' END, t.created_at
FROM tenants t
CROSS JOIN (VALUES ('hot_rows', 1), ('cold_database', 2)) AS s (name, position);
SELECT guard_tenant_table('provisioning_steps');
SELECT allow_platform('provisioning_steps', 'SELECT, INSERT, UPDATE, DELETE');

-- What is left of an erased tenant, beside the platform's audit log: that it was erased, by whom, why, and the proof.
CREATE TABLE erasures (
  id           uuid PRIMARY KEY,
  tenant_id    uuid NOT NULL,
  tenant_slug  text NOT NULL,
  reason       text NOT NULL,
  requested_by text NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz,
  rows_erased  jsonb NOT NULL, -- by table
  report       text, -- the signed report; its bytes are what was signed, so no jsonb
  CONSTRAINT erasures_tenant_key UNIQUE (tenant_id)
);
GRANT SELECT, INSERT, UPDATE ON erasures TO flomastr_platform;

-- erase_tenant_rows deletes what a tenant has in every guarded table, found through the catalogue, and says how much it
-- was by table. A tenant that is still there must be in the state erasing. Called again it removes what came late.
-- +goose StatementBegin
CREATE FUNCTION erase_tenant_rows(erased uuid) RETURNS TABLE (table_name text, row_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  tables text[];
  again  text[];
  t      text;
BEGIN
  IF EXISTS (SELECT FROM public.tenants WHERE id = erased AND status <> 'erasing') THEN
    RAISE EXCEPTION 'tenant % is not being erased', erased;
  END IF;
  PERFORM set_config('app.tenant_id', erased::text, true);
  SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') INTO tables
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relrowsecurity
    AND c.relname <> 'provisioning_steps'; -- they tell how far the erasure is, and go last
  -- Counted before anything goes, because a cascade takes other tables' rows along.
  FOREACH t IN ARRAY tables LOOP
    table_name := t;
    EXECUTE format('SELECT count(*) FROM public.%I WHERE tenant_id = $1', t) INTO row_count USING erased;
    RETURN NEXT;
  END LOOP;
  -- A table that another still points to without a cascade has to wait for that other.
  WHILE cardinality(tables) > 0 LOOP
    again := '{}';
    FOREACH t IN ARRAY tables LOOP
      BEGIN
        EXECUTE format('DELETE FROM public.%I WHERE tenant_id = $1', t) USING erased;
      EXCEPTION WHEN foreign_key_violation THEN
        again := again || t;
      END;
    END LOOP;
    IF cardinality(again) = cardinality(tables) THEN
      RAISE EXCEPTION 'rows of tenant % in % point at each other', erased, again;
    END IF;
    tables := again;
  END LOOP;
  table_name := 'tenants';
  DELETE FROM public.tenants WHERE id = erased;
  GET DIAGNOSTICS row_count = ROW_COUNT;
  RETURN NEXT;
  PERFORM set_config('app.tenant_id', '', true);
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION erase_tenant_rows(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_tenant_rows(uuid) TO flomastr_platform;

-- count_mentions counts the rows of one table that hold a tenant's id anywhere: as text, as the bytes of a UUID, or as
-- text within bytes. A slug is an ordinary word that another tenant's customers may use, so it is looked for as a whole
-- value only, and only in tables that belong to no tenant: no other tenant's row can hold anything of ours.
-- +goose StatementBegin
CREATE FUNCTION count_mentions(t regclass, id uuid, slug text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found bigint;
  ours  boolean;
BEGIN
  SELECT c.relrowsecurity OR c.relname = 'goose_db_version' INTO ours FROM pg_class c WHERE c.oid = t;
  EXECUTE format(
    'SELECT count(*) FROM %s AS scanned
     WHERE scanned::text LIKE ''%%'' || $1 || ''%%'' OR scanned::text LIKE ''%%'' || $2 || ''%%'' OR scanned::text LIKE ''%%'' || $3 || ''%%''
        OR NOT $4 AND jsonb_path_exists(to_jsonb(scanned), ''$.** ? (@ == $slug)'', jsonb_build_object(''slug'', $5))', t)
  INTO found
  USING id::text, replace(id::text, '-', ''), encode(convert_to(id::text, 'UTF8'), 'hex'), ours, slug;
  RETURN found;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION count_mentions(regclass, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_mentions(regclass, uuid, text) TO flomastr_platform;
