-- Why: a passage may begin on a sheet of a workbook or on a slide, not only on a page. The column page keeps the number,
-- whatever is counted; what that is, and what a sheet is called, stand beside it. Passages with number 0 stand nowhere in
-- particular. A server of the version before goes on reading and writing pages while this one runs beside it.

-- +goose Up

ALTER TABLE passages
  ADD COLUMN place_kind text NOT NULL DEFAULT 'page' CHECK (place_kind IN ('page', 'sheet', 'slide')),
  ADD COLUMN place_name text NOT NULL DEFAULT '';
