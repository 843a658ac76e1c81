-- The FPE database as its migrations leave it: what the pipeline reads and writes, and what the import fills.

CREATE TYPE status_type AS ENUM ('CREATED', 'UPLOADING', 'QUEUED', 'PROCESSING', 'DONE', 'FAILED', 'IN_PROGRESS');
CREATE TYPE station_status AS ENUM ('ACTIVE', 'DISCONTINUED');
CREATE TYPE waterbody_type AS ENUM ('ES', 'LK', 'OC', 'OC-CO', 'ST', 'ST-CA', 'ST-DCH', 'ST-TS', 'WE');

CREATE TABLE users (
  id text PRIMARY KEY,
  affiliation_code text NOT NULL,
  affiliation_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  training_required boolean DEFAULT true,
  annotator_only boolean DEFAULT false,
  training_complete boolean DEFAULT false
);

CREATE TABLE stations (
  id serial PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id) ON DELETE SET NULL,
  name text NOT NULL,
  description text,
  latitude real NOT NULL,
  longitude real NOT NULL,
  timezone text NOT NULL,
  metadata json,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  private boolean DEFAULT false,
  nwis_id text,
  waterbody_type waterbody_type,
  status station_status,
  annotation_priority boolean DEFAULT false,
  UNIQUE (user_id, name)
);
CREATE INDEX ON stations (user_id);

CREATE TABLE variables (id varchar(16) PRIMARY KEY, description text);
CREATE TABLE model_types (id varchar(16) PRIMARY KEY, name text);

CREATE TABLE datasets (
  id serial PRIMARY KEY,
  station_id integer NOT NULL REFERENCES stations (id) ON DELETE CASCADE,
  uuid text,
  status status_type,
  error_message text,
  filename text,
  url text,
  config json,
  metadata json,
  s3 json,
  start_timestamp timestamptz,
  end_timestamp timestamptz,
  n_rows integer,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ON datasets (station_id);

CREATE TABLE series (
  id serial PRIMARY KEY,
  dataset_id integer NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  variable_id varchar(16) NOT NULL REFERENCES variables (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ON series (dataset_id);
CREATE INDEX ON series (variable_id);

CREATE TABLE "values" (
  id bigserial PRIMARY KEY,
  series_id integer NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  date date NOT NULL,
  "timestamp" timestamptz NOT NULL,
  value real NOT NULL,
  flag text
);
CREATE INDEX ON "values" (series_id);

CREATE TABLE imagesets (
  id serial PRIMARY KEY,
  station_id integer NOT NULL REFERENCES stations (id) ON DELETE CASCADE,
  uuid text,
  status status_type,
  error_message text,
  config json,
  metadata json,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  n_images integer,
  start_timestamp timestamptz,
  end_timestamp timestamptz,
  pii_status status_type DEFAULT 'QUEUED',
  n_failed integer DEFAULT 0
);
CREATE INDEX ON imagesets (station_id);

-- Person and vehicle scores, manual on and off; a missing "off" makes the whole condition false.
CREATE FUNCTION image_has_pii(person double precision, vehicle double precision, pii_on boolean, pii_off boolean)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF (person >= 0.2 OR vehicle >= 0.8 OR pii_on) AND NOT pii_off THEN
    RETURN true;
  END IF;
  RETURN false;
END $$;

CREATE TABLE images (
  id serial PRIMARY KEY,
  imageset_id integer NOT NULL REFERENCES imagesets (id) ON DELETE CASCADE,
  filename text,
  "timestamp" timestamptz,
  width integer,
  height integer,
  full_s3 json,
  thumb_s3 json,
  full_url text,
  thumb_url text,
  status status_type,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  pii_animal real DEFAULT 0,
  pii_person real DEFAULT 0,
  pii_vehicle real DEFAULT 0,
  pii_on boolean DEFAULT false,
  pii_off boolean DEFAULT false,
  pii_detections json
);
CREATE INDEX ON images (imageset_id);
CREATE INDEX images_has_pii_index ON images (image_has_pii(pii_person, pii_vehicle, pii_on, pii_off));

CREATE TABLE annotations (
  id serial PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id) ON DELETE SET NULL,
  station_id integer NOT NULL REFERENCES stations (id) ON DELETE CASCADE,
  uuid text,
  status status_type,
  duration_sec real,
  n integer,
  n_daytime integer,
  url text,
  s3 json,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  flag boolean DEFAULT false,
  training boolean DEFAULT false,
  variable text NOT NULL DEFAULT 'FLOW',
  training_total integer,
  training_completed integer,
  training_dataset_url text
);
CREATE INDEX ON annotations (user_id);
CREATE INDEX ON annotations (station_id);

CREATE TABLE models (
  id serial PRIMARY KEY,
  station_id integer NOT NULL REFERENCES stations (id) ON DELETE CASCADE,
  model_type_id varchar(16) NOT NULL REFERENCES model_types (id) ON DELETE CASCADE,
  variable_id varchar(16) REFERENCES variables (id) ON DELETE SET NULL,
  code text NOT NULL,
  uuid text,
  "default" boolean DEFAULT false,
  diagnostics_url text,
  predictions_url text,
  diagnostics_s3 json,
  predictions_s3 json,
  status status_type,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ON models (station_id);
CREATE INDEX ON models (model_type_id);
CREATE INDEX ON models (variable_id);

INSERT INTO model_types (id, name) VALUES ('RANK', 'RankNet Model');
-- The website's own rows, and those that its annotations need for a model to be published (Q-S11).
INSERT INTO variables (id, description) VALUES
  ('FLOW_CFS', 'Flow (cubic feet per second)'), ('STAGE_FT', 'Stage (feet)'),
  ('PRESSURE_KPA', 'Pressure (kilopascals)'), ('WTEMP_C', 'Water temperature (degrees Celsius)'),
  ('ATEMP_C', 'Air temperature (degrees Celsius)'),
  ('SPCOND_USCM25', 'Specific conductance (microsiemens per centimeter at 25 degrees Celsius)'), ('OTHER', 'Other'),
  ('SNOW_FT', 'Snow depth (feet)'), ('CHLA_PPB', 'Chlorophyll a (parts per billion)'),
  ('ANIMAL_COUNT', 'Animals (count)'), ('ICE', 'Ice cover');
