-- Why: what was read for a tenant by default were five kinds of file; it is now whatever we read. A tenant that has left the
-- default gets the new kinds; one that has narrowed it keeps its choice.

-- +goose Up

ALTER TABLE tenant_policies ALTER COLUMN allowed_file_types
  SET DEFAULT '{md,txt,html,pdf,docx,odt,rtf,epub,pptx,xlsx,xls,ods,csv,json,xml,eml,msg,image,zip}';
-- The owner is held to the policies like everybody else; for this statement it is not.
ALTER TABLE tenant_policies NO FORCE ROW LEVEL SECURITY;
UPDATE tenant_policies SET allowed_file_types = DEFAULT
WHERE allowed_file_types = '{md,txt,html,pdf,docx}';
ALTER TABLE tenant_policies FORCE ROW LEVEL SECURITY;
