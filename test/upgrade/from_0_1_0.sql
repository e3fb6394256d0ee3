-- What pg_cerebro 0.1.0 left behind. Written by test/upgrade/run --write.
CREATE SCHEMA made;
CREATE TABLE made.archs (
    model_id integer NOT NULL,
    model_arch json,
    model_weights bytea,
    name text,
    description text,
    __internal_madlib_id__ text,
    weight_layers text[]
);
CREATE TABLE made.begun (
    mst_key integer NOT NULL,
    model_weights bytea,
    model_arch json
);
ALTER TABLE ONLY made.begun ALTER COLUMN model_weights SET STORAGE EXTERNAL;
CREATE TABLE made.begun_control (
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    requested_by text DEFAULT SESSION_USER NOT NULL,
    action text NOT NULL,
    mst_key integer,
    model_id integer,
    compile_params text,
    fit_params text,
    from_weights boolean,
    iterations bigint,
    priority bigint,
    round bigint,
    took_effect_at timestamp with time zone,
    new_mst_key integer,
    refused text
);
CREATE TABLE made.begun_info (
    mst_key integer NOT NULL,
    model_id integer,
    compile_params text,
    fit_params text,
    model_type text,
    model_size double precision,
    metrics_elapsed_time double precision[],
    metrics_type text[],
    loss_type text,
    training_metrics_final double precision,
    training_loss_final double precision,
    training_metrics double precision[],
    training_loss double precision[],
    validation_metrics_final double precision,
    validation_loss_final double precision,
    validation_metrics double precision[],
    validation_loss double precision[],
    status text,
    diverged_step bigint,
    parameters bigint,
    metrics_iters integer[],
    metric_names text[],
    training_metric_values double precision[],
    validation_metric_values double precision[],
    training_seconds double precision,
    iterations_done bigint,
    best_iteration integer,
    stopped_iteration integer,
    stopped_by text,
    configuration integer,
    fold integer
);
CREATE TABLE made.begun_run (
    format integer NOT NULL,
    state text NOT NULL,
    iteration bigint,
    iterations bigint,
    generation bigint,
    started_at timestamp with time zone,
    committed_at timestamp with time zone,
    seconds double precision,
    visits bigint,
    error text,
    arguments text[],
    settings text[],
    data text[],
    models text[],
    build text,
    past_iterations bigint[],
    past_evaluations bigint[],
    past_seconds double precision[],
    past_diverged bigint[],
    decided bigint
);
CREATE TABLE made.begun_state (
    mst_key integer NOT NULL,
    piece integer NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY made.begun_state ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE made.begun_summary (
    source_table text,
    validation_table text,
    model text,
    model_info text,
    dependent_varname text[],
    independent_varname text[],
    model_arch_table text,
    model_selection_table text,
    object_table text,
    num_iterations integer,
    metrics_compute_frequency integer,
    warm_start boolean,
    name text,
    description text,
    start_training_time timestamp without time zone,
    end_training_time timestamp without time zone,
    pg_cerebro_version text,
    num_classes integer[],
    dependent_vartype text[],
    normalizing_const real,
    metrics_iters integer[],
    data_spec text,
    data_digest text,
    seed bigint,
    plan json,
    workers integer,
    threads integer,
    "precision" text,
    use_gpus boolean,
    build text,
    state_place text,
    early_stopping text,
    halving text,
    search text,
    feature_precision text,
    frozen_layers json,
    result_format integer,
    folds integer,
    label_class_values text[]
);
CREATE TABLE made.begun_visits (
    mst_key integer,
    iteration integer,
    visit integer,
    partition_id integer,
    worker integer,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    loss double precision,
    rows bigint,
    device integer
);
CREATE TABLE made.by_region (
    group_id bigint NOT NULL,
    partition_id integer NOT NULL,
    buffer_id integer NOT NULL,
    numbers bytea,
    amount bytea,
    numbers_shape integer[],
    amount_shape integer[]
);
ALTER TABLE ONLY made.by_region ALTER COLUMN numbers SET STORAGE EXTERNAL;
ALTER TABLE ONLY made.by_region ALTER COLUMN amount SET STORAGE EXTERNAL;
CREATE TABLE made.by_region_groups (
    group_id bigint NOT NULL,
    region text,
    group_rows bigint,
    validation_rows bigint,
    partitions integer,
    digest text,
    validation_digest text,
    source_digest text,
    class_rows bigint[],
    constants json,
    status text,
    reason text
);
CREATE TABLE made.by_region_pooled (
    numbers bytea,
    amount bytea,
    numbers_shape integer[],
    amount_shape integer[],
    partition_id integer NOT NULL,
    buffer_id integer NOT NULL
);
ALTER TABLE ONLY made.by_region_pooled ALTER COLUMN numbers SET STORAGE EXTERNAL;
ALTER TABLE ONLY made.by_region_pooled ALTER COLUMN amount SET STORAGE EXTERNAL;
CREATE TABLE made.by_region_pooled_summary (
    source_table text,
    output_table text,
    dependent_varname text[],
    independent_varname text[],
    dependent_vartype text[],
    amount_class_values text[],
    buffer_size integer,
    normalizing_const real,
    num_classes integer[],
    distribution_rules text,
    __internal_gpu_config__ text,
    num_partitions integer,
    seed bigint,
    rows bigint,
    data_spec json,
    digest text,
    partition_rows bigint[],
    partition_buffers integer[],
    max_buffer_rows bigint,
    format_version integer,
    folds integer,
    split json
);
CREATE TABLE made.by_region_summary (
    source_table text,
    output_table text,
    dependent_varname text[],
    independent_varname text[],
    dependent_vartype text[],
    amount_class_values text[],
    buffer_size integer,
    normalizing_const real,
    num_classes integer[],
    distribution_rules text,
    __internal_gpu_config__ text,
    num_partitions integer,
    seed bigint,
    rows bigint,
    data_spec json,
    digest text,
    partition_rows bigint[],
    partition_buffers integer[],
    max_buffer_rows bigint,
    format_version integer,
    folds integer,
    split json,
    grouping_cols text[],
    groups_table text,
    groups bigint,
    packed_groups bigint,
    largest_group_rows bigint,
    validates boolean,
    own_constants boolean,
    arguments json
);
CREATE TABLE made.configs (
    mst_key integer NOT NULL,
    model_id integer,
    compile_params character varying,
    fit_params character varying
);
CREATE SEQUENCE made.configs_mst_key_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE made.configs_mst_key_seq OWNED BY made.configs.mst_key;
CREATE TABLE made.configs_summary (
    model_arch_table character varying,
    object_table character varying
);
CREATE TABLE made.models (
    mst_key integer NOT NULL,
    model_weights bytea,
    model_arch json
);
ALTER TABLE ONLY made.models ALTER COLUMN model_weights SET STORAGE EXTERNAL;
CREATE TABLE made.models_info (
    mst_key integer NOT NULL,
    model_id integer,
    compile_params text,
    fit_params text,
    model_type text,
    model_size double precision,
    metrics_elapsed_time double precision[],
    metrics_type text[],
    loss_type text,
    training_metrics_final double precision,
    training_loss_final double precision,
    training_metrics double precision[],
    training_loss double precision[],
    validation_metrics_final double precision,
    validation_loss_final double precision,
    validation_metrics double precision[],
    validation_loss double precision[],
    status text,
    diverged_step bigint,
    parameters bigint,
    metrics_iters integer[],
    metric_names text[],
    training_metric_values double precision[],
    validation_metric_values double precision[],
    training_seconds double precision,
    iterations_done bigint,
    best_iteration integer,
    stopped_iteration integer,
    stopped_by text,
    configuration integer,
    fold integer
);
CREATE TABLE made.models_state (
    mst_key integer NOT NULL,
    piece integer NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY made.models_state ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE made.models_summary (
    source_table text,
    validation_table text,
    model text,
    model_info text,
    dependent_varname text[],
    independent_varname text[],
    model_arch_table text,
    model_selection_table text,
    object_table text,
    num_iterations integer,
    metrics_compute_frequency integer,
    warm_start boolean,
    name text,
    description text,
    start_training_time timestamp without time zone,
    end_training_time timestamp without time zone,
    pg_cerebro_version text,
    num_classes integer[],
    dependent_vartype text[],
    normalizing_const real,
    metrics_iters integer[],
    data_spec text,
    data_digest text,
    seed bigint,
    plan json,
    workers integer,
    threads integer,
    "precision" text,
    use_gpus boolean,
    build text,
    state_place text,
    early_stopping text,
    halving text,
    search text,
    feature_precision text,
    frozen_layers json,
    result_format integer,
    folds integer,
    label_class_values text[]
);
CREATE TABLE made.models_visits (
    mst_key integer,
    iteration integer,
    visit integer,
    partition_id integer,
    worker integer,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    loss double precision,
    rows bigint,
    device integer
);
CREATE TABLE made.packed (
    x bytea,
    label bytea,
    x_shape integer[],
    label_shape integer[],
    partition_id integer NOT NULL,
    buffer_id integer NOT NULL
);
ALTER TABLE ONLY made.packed ALTER COLUMN x SET STORAGE EXTERNAL;
ALTER TABLE ONLY made.packed ALTER COLUMN label SET STORAGE EXTERNAL;
CREATE TABLE made.packed_summary (
    source_table text,
    output_table text,
    dependent_varname text[],
    independent_varname text[],
    dependent_vartype text[],
    label_class_values text[],
    buffer_size integer,
    normalizing_const real,
    num_classes integer[],
    distribution_rules text,
    __internal_gpu_config__ text,
    num_partitions integer,
    seed bigint,
    rows bigint,
    data_spec json,
    digest text,
    partition_rows bigint[],
    partition_buffers integer[],
    max_buffer_rows bigint,
    format_version integer,
    folds integer,
    split json
);
CREATE TABLE made.packed_val (
    x bytea,
    label bytea,
    x_shape integer[],
    label_shape integer[],
    partition_id integer NOT NULL,
    buffer_id integer NOT NULL
);
ALTER TABLE ONLY made.packed_val ALTER COLUMN x SET STORAGE EXTERNAL;
ALTER TABLE ONLY made.packed_val ALTER COLUMN label SET STORAGE EXTERNAL;
CREATE TABLE made.packed_val_summary (
    source_table text,
    output_table text,
    dependent_varname text[],
    independent_varname text[],
    dependent_vartype text[],
    label_class_values text[],
    buffer_size integer,
    normalizing_const real,
    num_classes integer[],
    distribution_rules text,
    __internal_gpu_config__ text,
    num_partitions integer,
    seed bigint,
    rows bigint,
    data_spec json,
    digest text,
    partition_rows bigint[],
    partition_buffers integer[],
    max_buffer_rows bigint,
    format_version integer,
    folds integer,
    split json
);
CREATE TABLE made.points (
    id integer,
    label text,
    x real[]
);
CREATE TABLE made.regions (
    group_id bigint NOT NULL,
    mst_key integer NOT NULL,
    model_weights bytea
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY made.regions ALTER COLUMN model_weights SET STORAGE EXTERNAL;
CREATE TABLE made.regions_configs (
    mst_key integer NOT NULL,
    model_id integer,
    model_arch json,
    compile_params text,
    fit_params text,
    model_type text,
    model_size double precision,
    parameters bigint,
    loss_type text,
    metrics_type text[],
    metric_names text[]
);
CREATE TABLE made.regions_groups (
    group_id bigint NOT NULL,
    region text,
    group_rows bigint,
    validation_rows bigint,
    status text,
    reason text,
    chosen text,
    mst_key integer,
    metric text,
    value double precision,
    loss double precision,
    global_value double precision,
    seconds double precision,
    digest text,
    constants json
);
CREATE TABLE made.regions_info (
    group_id bigint NOT NULL,
    mst_key integer NOT NULL,
    status text,
    diverged_step bigint,
    training_loss_final double precision,
    training_metrics_final double precision,
    validation_loss_final double precision,
    validation_metrics_final double precision,
    metrics_iters integer[],
    metrics_elapsed_time double precision[],
    training_loss double precision[],
    training_metrics double precision[],
    validation_loss double precision[],
    validation_metrics double precision[],
    training_metric_values double precision[],
    validation_metric_values double precision[],
    training_seconds double precision,
    iterations_done bigint,
    best_iteration integer,
    stopped_iteration integer,
    stopped_by text
);
CREATE TABLE made.regions_summary (
    source_table text,
    validation_table text,
    model text,
    model_info text,
    dependent_varname text[],
    independent_varname text[],
    model_arch_table text,
    model_selection_table text,
    object_table text,
    num_iterations integer,
    metrics_compute_frequency integer,
    warm_start boolean,
    name text,
    description text,
    start_training_time timestamp without time zone,
    end_training_time timestamp without time zone,
    pg_cerebro_version text,
    num_classes integer[],
    dependent_vartype text[],
    normalizing_const real,
    metrics_iters integer[],
    data_spec text,
    data_digest text,
    seed bigint,
    plan json,
    workers integer,
    threads integer,
    "precision" text,
    use_gpus boolean,
    build text,
    state_place text,
    early_stopping text,
    halving text,
    search text,
    feature_precision text,
    frozen_layers json,
    result_format integer,
    folds integer,
    amount_class_values text[],
    grouping_cols text[],
    groups_table text,
    groups bigint,
    trained_groups bigint,
    diverged_groups bigint,
    failed_groups bigint,
    skipped_groups bigint,
    global_mst_key integer,
    promote text,
    arguments json
);
CREATE TABLE made.sales (
    id integer,
    region text,
    kind text,
    price real,
    amount real
);
CREATE TABLE made.sales_archs (
    model_id integer NOT NULL,
    model_arch json,
    model_weights bytea,
    name text,
    description text,
    __internal_madlib_id__ text,
    weight_layers text[]
);
CREATE TABLE made.sales_configs (
    mst_key integer NOT NULL,
    model_id integer,
    compile_params character varying,
    fit_params character varying
);
CREATE SEQUENCE made.sales_configs_mst_key_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE made.sales_configs_mst_key_seq OWNED BY made.sales_configs.mst_key;
CREATE TABLE made.sales_configs_summary (
    model_arch_table character varying,
    object_table character varying
);
CREATE TABLE made.searched (
    mst_key integer NOT NULL,
    model_weights bytea,
    model_arch json
);
ALTER TABLE ONLY made.searched ALTER COLUMN model_weights SET STORAGE EXTERNAL;
CREATE TABLE made.searched_control (
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    requested_by text DEFAULT SESSION_USER NOT NULL,
    action text NOT NULL,
    mst_key integer,
    model_id integer,
    compile_params text,
    fit_params text,
    from_weights boolean,
    iterations bigint,
    priority bigint,
    round bigint,
    took_effect_at timestamp with time zone,
    new_mst_key integer,
    refused text
);
CREATE TABLE made.searched_info (
    mst_key integer NOT NULL,
    model_id integer,
    compile_params text,
    fit_params text,
    model_type text,
    model_size double precision,
    metrics_elapsed_time double precision[],
    metrics_type text[],
    loss_type text,
    training_metrics_final double precision,
    training_loss_final double precision,
    training_metrics double precision[],
    training_loss double precision[],
    validation_metrics_final double precision,
    validation_loss_final double precision,
    validation_metrics double precision[],
    validation_loss double precision[],
    status text,
    diverged_step bigint,
    parameters bigint,
    metrics_iters integer[],
    metric_names text[],
    training_metric_values double precision[],
    validation_metric_values double precision[],
    training_seconds double precision,
    iterations_done bigint,
    best_iteration integer,
    stopped_iteration integer,
    stopped_by text,
    configuration integer,
    fold integer
);
CREATE TABLE made.searched_run (
    format integer NOT NULL,
    state text NOT NULL,
    iteration bigint,
    iterations bigint,
    generation bigint,
    started_at timestamp with time zone,
    committed_at timestamp with time zone,
    seconds double precision,
    visits bigint,
    error text,
    arguments text[],
    settings text[],
    data text[],
    models text[],
    build text,
    past_iterations bigint[],
    past_evaluations bigint[],
    past_seconds double precision[],
    past_diverged bigint[],
    decided bigint
);
CREATE TABLE made.searched_state (
    mst_key integer NOT NULL,
    piece integer NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY made.searched_state ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE made.searched_summary (
    source_table text,
    validation_table text,
    model text,
    model_info text,
    dependent_varname text[],
    independent_varname text[],
    model_arch_table text,
    model_selection_table text,
    object_table text,
    num_iterations integer,
    metrics_compute_frequency integer,
    warm_start boolean,
    name text,
    description text,
    start_training_time timestamp without time zone,
    end_training_time timestamp without time zone,
    pg_cerebro_version text,
    num_classes integer[],
    dependent_vartype text[],
    normalizing_const real,
    metrics_iters integer[],
    data_spec text,
    data_digest text,
    seed bigint,
    plan json,
    workers integer,
    threads integer,
    "precision" text,
    use_gpus boolean,
    build text,
    state_place text,
    early_stopping text,
    halving text,
    search text,
    feature_precision text,
    frozen_layers json,
    result_format integer,
    folds integer,
    label_class_values text[]
);
CREATE TABLE made.searched_trials (
    mst_key integer NOT NULL,
    state text NOT NULL,
    model_id integer,
    compile_params text,
    fit_params text,
    parent integer,
    keeps_optimizer boolean,
    began bigint,
    iterations bigint,
    target bigint,
    entered_round bigint,
    bracket bigint,
    priority bigint,
    deleted boolean,
    remark text,
    error text,
    point_iterations bigint[],
    point_values double precision[]
);
CREATE TABLE made.searched_visits (
    mst_key integer,
    iteration integer,
    visit integer,
    partition_id integer,
    worker integer,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    loss double precision,
    rows bigint,
    device integer
);
CREATE TABLE made.space (
    search text
);
CREATE TABLE made.warm (
    mst_key integer NOT NULL,
    model_weights bytea,
    model_arch json
);
ALTER TABLE ONLY made.warm ALTER COLUMN model_weights SET STORAGE EXTERNAL;
CREATE TABLE made.warm_control (
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    requested_by text DEFAULT SESSION_USER NOT NULL,
    action text NOT NULL,
    mst_key integer,
    model_id integer,
    compile_params text,
    fit_params text,
    from_weights boolean,
    iterations bigint,
    priority bigint,
    round bigint,
    took_effect_at timestamp with time zone,
    new_mst_key integer,
    refused text
);
CREATE TABLE made.warm_info (
    mst_key integer NOT NULL,
    model_id integer,
    compile_params text,
    fit_params text,
    model_type text,
    model_size double precision,
    metrics_elapsed_time double precision[],
    metrics_type text[],
    loss_type text,
    training_metrics_final double precision,
    training_loss_final double precision,
    training_metrics double precision[],
    training_loss double precision[],
    validation_metrics_final double precision,
    validation_loss_final double precision,
    validation_metrics double precision[],
    validation_loss double precision[],
    status text,
    diverged_step bigint,
    parameters bigint,
    metrics_iters integer[],
    metric_names text[],
    training_metric_values double precision[],
    validation_metric_values double precision[],
    training_seconds double precision,
    iterations_done bigint,
    best_iteration integer,
    stopped_iteration integer,
    stopped_by text,
    configuration integer,
    fold integer
);
CREATE TABLE made.warm_run (
    format integer NOT NULL,
    state text NOT NULL,
    iteration bigint,
    iterations bigint,
    generation bigint,
    started_at timestamp with time zone,
    committed_at timestamp with time zone,
    seconds double precision,
    visits bigint,
    error text,
    arguments text[],
    settings text[],
    data text[],
    models text[],
    build text,
    past_iterations bigint[],
    past_evaluations bigint[],
    past_seconds double precision[],
    past_diverged bigint[],
    decided bigint
);
CREATE TABLE made.warm_state (
    mst_key integer NOT NULL,
    piece integer NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY made.warm_state ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE made.warm_summary (
    source_table text,
    validation_table text,
    model text,
    model_info text,
    dependent_varname text[],
    independent_varname text[],
    model_arch_table text,
    model_selection_table text,
    object_table text,
    num_iterations integer,
    metrics_compute_frequency integer,
    warm_start boolean,
    name text,
    description text,
    start_training_time timestamp without time zone,
    end_training_time timestamp without time zone,
    pg_cerebro_version text,
    num_classes integer[],
    dependent_vartype text[],
    normalizing_const real,
    metrics_iters integer[],
    data_spec text,
    data_digest text,
    seed bigint,
    plan json,
    workers integer,
    threads integer,
    "precision" text,
    use_gpus boolean,
    build text,
    state_place text,
    early_stopping text,
    halving text,
    search text,
    feature_precision text,
    frozen_layers json,
    result_format integer,
    folds integer,
    label_class_values text[]
);
CREATE TABLE made.warm_visits (
    mst_key integer,
    iteration integer,
    visit integer,
    partition_id integer,
    worker integer,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    loss double precision,
    rows bigint,
    device integer
);
ALTER TABLE ONLY made.configs ALTER COLUMN mst_key SET DEFAULT nextval('made.configs_mst_key_seq'::regclass);
ALTER TABLE ONLY made.sales_configs ALTER COLUMN mst_key SET DEFAULT nextval('made.sales_configs_mst_key_seq'::regclass);
COPY cerebro.registry_models (name, owner, owner_id, owner_system, deployed_version, deployed_before, deployed_at, remark) FROM stdin;
kept	postgres	10	7713258870454358499	1	{}	2026-11-28 16:23:49.882339+00	\N
\.
COPY cerebro.registry_names (name, last_version) FROM stdin;
kept	2
\.
COPY cerebro.registry_pieces (name, version, piece, data) FROM stdin;
kept	1	0	\\x504743420100000073060000000000000a20643261656532613633313137666635633638653234313935616439663139396212de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e74120210061206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a046269617312010318011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a0462696173120103180122031a0103220808011201001a0103220808021201011a0103220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d30057a150a0d68696464656e2f6b65726e656c1202030328017a140a0b68696464656e2f62696173120103184028017a150a0a6f75742f6b65726e656c1202030318800128017a120a086f75742f6269617312010318c0012801800180028a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c2041565832aa352a3f859dd93ece33c9bea87a423f62e23fbfc858483f8b4eb03edee2ce3e5675473c00000000000000000000000000000000000000000000000000000000ce8abfbdf2103abd732af1bd00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ebe9e53ebd79ed3e8167243f8b92333fe763183fa948103fb387b83eff56103fc3300cbf0000000000000000000000000000000000000000000000000000000001bdaa3c05878cbd2e17443d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
kept	2	0	\\x504743420100000073060000000000000a20613836313936653061626339366662336139376231346136633432303731653312de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100a1206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030518012a0b0a046269617312010518011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202050318012a0b0a0462696173120103180122031a0103220808011201001a0105220808021201011a0105220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d30057a150a0d68696464656e2f6b65726e656c1202030528017a140a0b68696464656e2f62696173120105184028017a150a0a6f75742f6b65726e656c1202050318800128017a120a086f75742f6269617312010318c0012801800180028a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658324b7a4a3e8d9402bf0b27c63eeb6a613c5a8428bf83b50c3f239aa23ea6130b3f02ee7e3e9d57c0be16a0033f91e22bbecd56333ea27b8dbee5ff6a3e00000000186310be032adfbd211907be36618dbd8b7f0cbe0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000b9ceaebed38c5dbfa16f2c3f993b713efe75e03e78ba0f3f0f6596beebf0abbd3049083e4866d63ec4111b3fc19cfa3e653a3bbf7f932ebf54f7e03e000000001174f43da084f63df5c221be00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
\.
COPY cerebro.registry_shares (name, role, role_id, role_system, shared_by, shared_at) FROM stdin;
\.
COPY cerebro.registry_versions (name, version, digest, bytes, model_table, mst_key, trained_on, data_digest, rows, parameters, iterations, compile_params, fit_params, metric, training_loss, training_metric, validation_loss, validation_metric, registered_by, registered_at, remark) FROM stdin;
kept	1	02b0c07ff2d3349a947a7826652dc3aa	1923	made.models	1	made.packed	ae6310d77f154f3908d6e1a1b7b157d2	72	24	2	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	accuracy	1.125661162038644	0.375	1.100250290499793	0.2222222222222222	postgres	2026-11-28 16:23:49.882339+00	\N
kept	2	82c42e302fc8f1692a8e938bebc2e75a	1923	made.models	2	made.packed	ae6310d77f154f3908d6e1a1b7b157d2	72	38	2	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	accuracy	1.1278517440789275	0.5277777777777778	1.2519429822762806	0.3888888888888889	postgres	2026-11-28 16:23:49.882339+00	\N
\.
COPY made.archs (model_id, model_arch, model_weights, name, description, __internal_madlib_id__, weight_layers) FROM stdin;
1	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 3, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}	\N	\N	\N	\N	\N
2	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}	\N	\N	\N	\N	\N
\.
COPY made.begun (mst_key, model_weights, model_arch) FROM stdin;
1	\\x7290263f2aa6de3ec792bdbe2c18473fc8243fbf66503f3f04159e3e2155003fe50deebc561fcdbda8f0cc3a7fe21bbef1bdf73e0cf3d73e33da233f6bb1403fcfdd123fc28c023fc05dba3e19b6073f679502bffe64f23b5548a6bd4589973d	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 3, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
2	\\x8f773e3ed375f9befd66c03ed242a83c474b1fbfa324073f809f993e3c34043fe707833eaf31bbbe8e50ee3eb0805abe08c8fd3dd4e7afbe097e313edcef34beb3c301be0ccf2cbef435d6bb51863fbe60d093beb8b670bf805c203f2688773e81f7ed3e5021093f770886bebd9ba6bdcb38c93dab6db33e828a263f0118ee3e4afd2dbf0ec535bf671fcb3eb77e1d3e79c1243eb2a85abe	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
\.
COPY made.begun_control (requested_at, requested_by, action, mst_key, model_id, compile_params, fit_params, from_weights, iterations, priority, round, took_effect_at, new_mst_key, refused) FROM stdin;
\.
COPY made.begun_info (mst_key, model_id, compile_params, fit_params, model_type, model_size, metrics_elapsed_time, metrics_type, loss_type, training_metrics_final, training_loss_final, training_metrics, training_loss, validation_metrics_final, validation_loss_final, validation_metrics, validation_loss, status, diverged_step, parameters, metrics_iters, metric_names, training_metric_values, validation_metric_values, training_seconds, iterations_done, best_iteration, stopped_iteration, stopped_by, configuration, fold) FROM stdin;
1	1	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	pg_cerebro	0.09375	{0.0058710575103759766,0.006268978118896484,0.006618022918701172}	{accuracy}	categorical_crossentropy	0.4166666666666667	1.096467720137702	{0.2916666666666667,0.375,0.4166666666666667}	{1.1633889741367764,1.125661162038644,1.096467720137702}	\N	\N	\N	\N	trained	\N	24	{1,2,3}	{loss,accuracy}	{{1.1633889741367764,0.2916666666666667},{1.125661162038644,0.375},{1.096467720137702,0.4166666666666667}}	\N	0.0006365776062011719	3	3	\N	\N	1	\N
2	2	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	pg_cerebro	0.1484375	{0.0058710575103759766,0.006268978118896484,0.006618022918701172}	{accuracy}	categorical_crossentropy	0.5277777777777778	1.0688305464055803	{0.4722222222222222,0.5277777777777778,0.5277777777777778}	{1.2401698844300375,1.1278517440789275,1.0688305464055803}	\N	\N	\N	\N	trained	\N	38	{1,2,3}	{loss,accuracy}	{{1.2401698844300375,0.4722222222222222},{1.1278517440789275,0.5277777777777778},{1.0688305464055803,0.5277777777777778}}	\N	0.0007364749908447266	3	3	\N	\N	2	\N
\.
COPY made.begun_run (format, state, iteration, iterations, generation, started_at, committed_at, seconds, visits, error, arguments, settings, data, models, build, past_iterations, past_evaluations, past_seconds, past_diverged, decided) FROM stdin;
1	stopped	3	6	1	2026-11-28 16:23:49.902756+00	2026-11-28 16:23:49.950348+00	0.008221864700317383	18	\N	{source_table=made.packed,model_selection_table=made.configs,num_iterations=6,use_gpus=false,metrics_compute_frequency=1,warm_start=false,seed=3,restore_best=true,"halving={'eta': 2, 'iterations': [4]}"}	{cerebro.precision=float32,cerebro.threads=1,cerebro.feature_precision=float32}	{source_table=ae6310d77f154f3908d6e1a1b7b157d2}	{1:1:5aabc9efe5f40870a29504d819e7b06e:05cd740abb11d15c1b59f09f8fbcf648:11c31b6872ed91307f1a0c50c1082d72:none,2:2:5aabc9efe5f40870a29504d819e7b06e:05cd740abb11d15c1b59f09f8fbcf648:ad7991a5b71f7355109f967053205605:none}	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	{0,0}	{0,0}	{0,0}	{0,0}	3
\.
COPY made.begun_state (mst_key, piece, data) FROM stdin;
1	0	\\x504743420100000048070000000000000a20643261656532613633313137666635633638653234313935616439663139396212de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e74120210061206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a046269617312010318011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a0462696173120103180122031a0103220808011201001a0103220808021201011a0103220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d300538034001481b500360d80170037a150a0d68696464656e2f6b65726e656c1202030328017a140a0b68696464656e2f62696173120103184028017a150a0a6f75742f6b65726e656c1202030318800128017a120a086f75742f6269617312010318c00128017a1a0a0f68696464656e2f6b65726e656c2f6d1202030318800220017a1a0a0f68696464656e2f6b65726e656c2f761202030318c00220017a170a0d68696464656e2f626961732f6d12010318800320017a170a0d68696464656e2f626961732f7612010318c00320017a170a0c6f75742f6b65726e656c2f6d1202030318800420017a170a0c6f75742f6b65726e656c2f761202030318c00420017a140a0a6f75742f626961732f6d12010318800520017a140a0a6f75742f626961732f7612010318c0052001800180068a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658327290263f2aa6de3ec792bdbe2c18473fc8243fbf66503f3f04159e3e2155003fe50deebc00000000000000000000000000000000000000000000000000000000561fcdbda8f0cc3a7fe21bbe00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000f1bdf73e0cf3d73e33da233f6bb1403fcfdd123fc28c023fc05dba3e19b6073f679502bf00000000000000000000000000000000000000000000000000000000fe64f23b5548a6bd4589973d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000395bb93b6617d6ba1b81e9bcc66c1dbcdb1c0c3bba815c3ddf552a3cdd01eebcbc38ee3c00000000000000000000000000000000000000000000000000000000ff593f389b0f6d36a4d6443a1f52023821b9a6360bbf463a6c8b8238167b98375809203900000000000000000000000000000000000000000000000000000000b73b42baa6a828bc8352643d0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000085cf0a3827c4ae3675b0603a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ebb867bd9748993d85b095bc79a7eabd68dc553d8a727f3d05e84bbb99063c3d1b482fbd00000000000000000000000000000000000000000000000000000000cfc9e63a285d8f3a12fe1f3af746613afeffbc392367c439268aa739af2f263aeeaffa39000000000000000000000000000000000000000000000000000000005ddaa83c24543c3c388203bd000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001410e339cce0ce39d748053a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
2	0	\\x504743420100000048070000000000000a20613836313936653061626339366662336139376231346136633432303731653312de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100a1206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030518012a0b0a046269617312010518011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202050318012a0b0a0462696173120103180122031a0103220808011201001a0105220808021201011a0105220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d300538034002481b500360d80170037a150a0d68696464656e2f6b65726e656c1202030528017a140a0b68696464656e2f62696173120105184028017a150a0a6f75742f6b65726e656c1202050318800128017a120a086f75742f6269617312010318c00128017a1a0a0f68696464656e2f6b65726e656c2f6d1202030518800220017a1a0a0f68696464656e2f6b65726e656c2f761202030518c00220017a170a0d68696464656e2f626961732f6d12010518800320017a170a0d68696464656e2f626961732f7612010518c00320017a170a0c6f75742f6b65726e656c2f6d1202050318800420017a170a0c6f75742f6b65726e656c2f761202050318c00420017a140a0a6f75742f626961732f6d12010318800520017a140a0a6f75742f626961732f7612010318c0052001800180068a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658328f773e3ed375f9befd66c03ed242a83c474b1fbfa324073f809f993e3c34043fe707833eaf31bbbe8e50ee3eb0805abe08c8fd3dd4e7afbe097e313e00000000dcef34beb3c301be0ccf2cbef435d6bb51863fbe000000000000000000000000000000000000000000000000000000000000000000000000000000000000000060d093beb8b670bf805c203f2688773e81f7ed3e5021093f770886bebd9ba6bdcb38c93dab6db33e828a263f0118ee3e4afd2dbf0ec535bf671fcb3e00000000b77e1d3e79c1243eb2a85abe0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000062363b3d3c8be4bb64b2973cfe27dcbbe28a72bd406bfdba59ee603bfc676f3c46980f3c902f73bbecd3083e1ddfc53c57ba6f3dd747cd3c6338013e0000000085bde43a872c023942958b39a3560a37d0ebcf3ab8df5d3a56b52a38115f26397e5c4237b7212c3aefc11f3b9da1cb3841bab139dd78ca37efc3dc3a00000000be52173dab421e3ba2ddc83cdb8e94bc4d12c03d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000005abcaa3a00d6993860cf3a39eac674377840ae3a0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ea1001be2568083dc5edbd3d4e83a23b166f3bbcd05ad43b280f73bd4007553c5acd3d3d60f2ec3cb1f404bdfcb7673b43198ebd18df9b3cfc424e3d000000006d34e53aba0b2838bea3b63a4f0436392c4e6b395f5fb439cf094b3ad4ed9e380c2b273a00b8303875505439eeb5a238789f473aa8b79638f16b4f3a000000005fe864bd62dd20bde0e2c23d0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000051da713a70a42c3afe80a03a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
\.
COPY made.begun_summary (source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, object_table, num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time, end_training_time, pg_cerebro_version, num_classes, dependent_vartype, normalizing_const, metrics_iters, data_spec, data_digest, seed, plan, workers, threads, "precision", use_gpus, build, state_place, early_stopping, halving, search, feature_precision, frozen_layers, result_format, folds, label_class_values) FROM stdin;
made.packed	\N	made.begun	made.begun_info	{label}	{x}	made.archs	made.configs	\N	6	1	f	\N	\N	2026-11-28 16:23:49.902756	2026-11-28 16:23:49.944358	0.1.0	{3}	{text}	1	{1,2,3}	{"version":2,"inputs":[{"name":"x","dtype":"uint8","shape":[3],"scale":1.0,"mean":[5.013888888888889,6.069444444444445,1.0],"std":[3.1335684998432503,3.8453665801588373,0.816496580927726],"dictionary":[],"kind":0,"class_values":[],"num_classes":0,"exact_standardisation":true}],"targets":[{"name":"label","dtype":"uint8","shape":[3],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":1,"class_values":["high","low","mid"],"num_classes":3,"class_rows":[24,24,24]}],"has_weights":false,"num_partitions":3,"rows":72}	ae6310d77f154f3908d6e1a1b7b157d2	3	{"version":2,"partitions":3,"bundles":[{"models":[0],"start":0,"visit_cost":5.04130775510204e-06},{"models":[1],"start":1,"visit_cost":5.382020816326531e-06}]}	0	1	float32	f	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	session memory	\N	{'eta': 2, 'iterations': [4]}	\N	\N	\N	2	\N	{high,low,mid}
\.
COPY made.begun_visits (mst_key, iteration, visit, partition_id, worker, started_at, ended_at, loss, rows, device) FROM stdin;
2	1	1	1	-1	2026-11-28 16:23:49.934727+00	2026-11-28 16:23:49.934996+00	1.5891286209225655	24	\N
1	1	1	0	-1	2026-11-28 16:23:49.935011+00	2026-11-28 16:23:49.93513+00	1.370565300186475	24	\N
2	1	2	2	-1	2026-11-28 16:23:49.935135+00	2026-11-28 16:23:49.93524+00	1.2729958835989237	24	\N
1	1	2	1	-1	2026-11-28 16:23:49.935245+00	2026-11-28 16:23:49.935345+00	1.066952017446359	24	\N
2	1	3	0	-1	2026-11-28 16:23:49.93535+00	2026-11-28 16:23:49.93545+00	1.391635066519181	24	\N
1	1	3	2	-1	2026-11-28 16:23:49.935455+00	2026-11-28 16:23:49.935642+00	1.1864104395111401	24	\N
2	2	1	1	-1	2026-11-28 16:23:49.935801+00	2026-11-28 16:23:49.935861+00	1.3157245827217896	24	\N
1	2	1	0	-1	2026-11-28 16:23:49.935865+00	2026-11-28 16:23:49.935909+00	1.3007320115963619	24	\N
2	2	2	2	-1	2026-11-28 16:23:49.935913+00	2026-11-28 16:23:49.935954+00	1.25925483678778	24	\N
1	2	2	1	-1	2026-11-28 16:23:49.935959+00	2026-11-28 16:23:49.935999+00	1.0673195521036785	24	\N
2	2	3	0	-1	2026-11-28 16:23:49.936002+00	2026-11-28 16:23:49.936041+00	1.228173120568196	24	\N
1	2	3	2	-1	2026-11-28 16:23:49.936045+00	2026-11-28 16:23:49.936082+00	1.1241142749786377	24	\N
2	3	1	1	-1	2026-11-28 16:23:49.936182+00	2026-11-28 16:23:49.936232+00	1.205610158542792	24	\N
1	3	1	0	-1	2026-11-28 16:23:49.936237+00	2026-11-28 16:23:49.936276+00	1.1674049695332844	24	\N
2	3	2	2	-1	2026-11-28 16:23:49.93628+00	2026-11-28 16:23:49.936316+00	1.0313379019498825	24	\N
1	3	2	1	-1	2026-11-28 16:23:49.93632+00	2026-11-28 16:23:49.936355+00	1.0079733456174533	24	\N
2	3	3	0	-1	2026-11-28 16:23:49.936358+00	2026-11-28 16:23:49.936394+00	1.0387602001428604	24	\N
1	3	3	2	-1	2026-11-28 16:23:49.936398+00	2026-11-28 16:23:49.936433+00	1.0842959508299828	24	\N
\.
COPY made.by_region (group_id, partition_id, buffer_id, numbers, amount, numbers_shape, amount_shape) FROM stdin;
1	0	0	\\x000000000000803f0000000089c3d53f000000000000803f00000000f1a94abf00000000000000000000803fad4c90bf00000000000000000000803f36f9d33d00000000000000000000803fda92a73e000000000000803f000000001c03633f0000803f00000000000000001cfa81bf000000000000803f0000000036f9d33d00000000000000000000803f1175e9be000000000000803f00000000b3130d3f00000000000000000000803fb3130d3f000000000000803f00000000144f67bf00000000000000000000803ffa58f6bd0000803f000000000000000020dde03e00000000000000000000803f3fa87f3f0000803f0000000000000000f396c9bf000000000000803f00000000f396c9bf0000803f0000000000000000cb2ab0be00000000000000000000803f144f67bf000000000000803f00000000da92a73e00000000000000000000803f3f9f9ebf0000803f00000000000000000f7f09bc0000803f00000000000000001175e9be000000000000803f00000000fa58f6bd000000000000803f0000000020dde03e00000000000000000000803fce042ebf0000803f0000000000000000ab5f11bf000000000000803f00000000ab5f11bf00000000000000000000803fd4cbaa3f0000803f000000000000000043799c3f0000803f0000000000000000d0f1acbf0000803f00000000000000006244bbbf0000803f00000000000000003f9f9ebf0000803f0000000000000000f95d463f00000000000000000000803f85e9d7bf000000000000803f00000000b1268e3f000000000000803f00000000d4cbaa3f00000000000000000000803f1cfa81bf00000000000000000000803f09c16dbe000000000000803f00000000d6b8293f000000000000803f00000000ad4c90bf0000803f0000000000000000f1a94abf0000803f0000000000000000661eb93f00000000000000000000803fb1268e3f00000000000000000000803ff770c73f0000803f000000000000000089c3d53f00000000000000000000803f43799c3f00000000000000000000803f0f7f09bc0000803f00000000000000003fa87f3f0000803f000000000000000027915c3e000000000000803f00000000661eb93f000000000000803f00000000ce042ebf0000803f000000000000000009c16dbe000000000000803f00000000d0f1acbf0000803f00000000000000001c03633f000000000000803f00000000f770c73f0000803f0000000000000000d6b8293f00000000000000000000803f6244bbbf000000000000803f00000000cb2ab0be00000000000000000000803ff95d463f	\\x0000b6420000c84100008841000048420000604200008c42000090410000444200000c4200007442000078420000b0410000304200006442000094420000404000008040000010420000b84100005c4200006041000034420000044200002c42000068420000e8410000f0410000f8410000a64200009c42000010410000c040000040410000844200000040000098420000a4420000a0410000244200008042000080410000c0410000a84200009a420000b2420000b4420000a04200003c420000904200004c420000aa420000e04100001c420000204100008a420000b04200007c42000000410000144200008842	{60,4}	{60}
2	0	0	\\x0000803f0000000000000000da92a73e000000000000803f000000003f9f9ebf0000803f0000000000000000d0f1acbf0000803f0000000000000000b1268e3f00000000000000000000803f36f9d33d0000803f0000000000000000d4cbaa3f0000803f0000000000000000f396c9bf0000803f00000000000000001c03633f0000803f0000000000000000cb2ab0be000000000000803f00000000661eb93f00000000000000000000803fab5f11bf000000000000803f0000000085e9d7bf0000803f0000000000000000ad4c90bf0000803f0000000000000000b3130d3f000000000000803f0000000043799c3f00000000000000000000803f20dde03e00000000000000000000803f0f7f09bc00000000000000000000803ff1a94abf0000803f00000000000000001175e9be000000000000803f00000000144f67bf00000000000000000000803ffa58f6bd000000000000803f0000000089c3d53f000000000000803f00000000f770c73f000000000000803f000000003fa87f3f0000803f0000000000000000f770c73f00000000000000000000803f661eb93f000000000000803f00000000f95d463f0000803f00000000000000006244bbbf00000000000000000000803fd6b8293f000000000000803f000000001cfa81bf00000000000000000000803ff396c9bf000000000000803f0000000027915c3e0000803f0000000000000000ce042ebf000000000000803f00000000da92a73e0000803f0000000000000000d6b8293f00000000000000000000803f1c03633f0000803f000000000000000085e9d7bf000000000000803f0000000020dde03e0000803f000000000000000036f9d33d0000803f000000000000000009c16dbe000000000000803f0000000009c16dbe00000000000000000000803f3f9f9ebf00000000000000000000803f27915c3e000000000000803f000000006244bbbf000000000000803f000000000f7f09bc00000000000000000000803fb1268e3f00000000000000000000803f89c3d53f00000000000000000000803fd0f1acbf000000000000803f00000000b3130d3f0000803f0000000000000000f95d463f000000000000803f000000001175e9be00000000000000000000803f43799c3f000000000000803f00000000ce042ebf00000000000000000000803fad4c90bf000000000000803f00000000f1a94abf0000803f0000000000000000fa58f6bd00000000000000000000803fd4cbaa3f00000000000000000000803fcb2ab0be00000000000000000000803f1cfa81bf0000803f0000000000000000144f67bf	\\x00001042000010410000c04000004842000008420000584200000040000038420000c041000064420000b0410000803f0000204100002042000054420000204200000042000090410000b041000070410000f0410000744200006c42000044420000684200006842000034420000804000003042000050410000804000000c42000090410000144200002842000040420000000000001c42000000420000d0410000d84100002041000010420000a0400000f84100005042000078420000004100002442000030420000b841000058420000984100004041000088410000e041000060420000d0410000604100006041	{60,4}	{60}
\.
COPY made.by_region_groups (group_id, region, group_rows, validation_rows, partitions, digest, validation_digest, source_digest, class_rows, constants, status, reason) FROM stdin;
1	north	60	0	1	bc1046c712b452a9105ab96eebe7df05	\N	6000d9c3fe42bcb051b65a2818b7208b	\N	\N	packed	\N
2	south	60	0	1	369f0a7dba6df8ea5ff5fcb6275e428f	\N	42084b94c7a6716e2c87cc8ee5e547ce	\N	\N	packed	\N
\.
COPY made.by_region_pooled (numbers, amount, numbers_shape, amount_shape, partition_id, buffer_id) FROM stdin;
\\x0000803f0000000000000000da92a73e000000000000803f0000000089c3d53f000000000000803f000000003f9f9ebf0000803f0000000000000000d0f1acbf000000000000803f00000000f1a94abf0000803f0000000000000000b1268e3f00000000000000000000803fad4c90bf00000000000000000000803f36f9d33d00000000000000000000803f36f9d33d00000000000000000000803fda92a73e0000803f0000000000000000d4cbaa3f0000803f0000000000000000f396c9bf000000000000803f000000001c03633f0000803f00000000000000001cfa81bf000000000000803f0000000036f9d33d0000803f00000000000000001c03633f0000803f0000000000000000cb2ab0be000000000000803f00000000661eb93f00000000000000000000803f1175e9be000000000000803f00000000b3130d3f00000000000000000000803fab5f11bf000000000000803f0000000085e9d7bf00000000000000000000803fb3130d3f0000803f0000000000000000ad4c90bf000000000000803f00000000144f67bf0000803f0000000000000000b3130d3f000000000000803f0000000043799c3f00000000000000000000803f20dde03e00000000000000000000803f0f7f09bc00000000000000000000803ffa58f6bd0000803f000000000000000020dde03e00000000000000000000803f3fa87f3f00000000000000000000803ff1a94abf0000803f0000000000000000f396c9bf0000803f00000000000000001175e9be000000000000803f00000000f396c9bf000000000000803f00000000144f67bf0000803f0000000000000000cb2ab0be00000000000000000000803f144f67bf000000000000803f00000000da92a73e00000000000000000000803f3f9f9ebf00000000000000000000803ffa58f6bd000000000000803f0000000089c3d53f0000803f00000000000000000f7f09bc0000803f00000000000000001175e9be000000000000803f00000000f770c73f000000000000803f000000003fa87f3f0000803f0000000000000000f770c73f000000000000803f00000000fa58f6bd000000000000803f0000000020dde03e00000000000000000000803f661eb93f000000000000803f00000000f95d463f00000000000000000000803fce042ebf0000803f0000000000000000ab5f11bf000000000000803f00000000ab5f11bf0000803f00000000000000006244bbbf00000000000000000000803fd4cbaa3f0000803f000000000000000043799c3f00000000000000000000803fd6b8293f0000803f0000000000000000d0f1acbf0000803f00000000000000006244bbbf000000000000803f000000001cfa81bf00000000000000000000803ff396c9bf000000000000803f0000000027915c3e0000803f00000000000000003f9f9ebf0000803f0000000000000000ce042ebf000000000000803f00000000da92a73e0000803f0000000000000000f95d463f00000000000000000000803f85e9d7bf000000000000803f00000000b1268e3f000000000000803f00000000d4cbaa3f00000000000000000000803f1cfa81bf0000803f0000000000000000d6b8293f00000000000000000000803f09c16dbe000000000000803f00000000d6b8293f000000000000803f00000000ad4c90bf00000000000000000000803f1c03633f0000803f0000000000000000f1a94abf0000803f000000000000000085e9d7bf000000000000803f0000000020dde03e0000803f000000000000000036f9d33d0000803f000000000000000009c16dbe000000000000803f0000000009c16dbe00000000000000000000803f3f9f9ebf0000803f0000000000000000661eb93f00000000000000000000803fb1268e3f00000000000000000000803ff770c73f00000000000000000000803f27915c3e000000000000803f000000006244bbbf0000803f000000000000000089c3d53f00000000000000000000803f43799c3f00000000000000000000803f0f7f09bc000000000000803f000000000f7f09bc00000000000000000000803fb1268e3f0000803f00000000000000003fa87f3f00000000000000000000803f89c3d53f0000803f000000000000000027915c3e00000000000000000000803fd0f1acbf000000000000803f00000000661eb93f000000000000803f00000000ce042ebf000000000000803f00000000b3130d3f0000803f000000000000000009c16dbe0000803f0000000000000000f95d463f000000000000803f00000000d0f1acbf000000000000803f000000001175e9be00000000000000000000803f43799c3f0000803f00000000000000001c03633f000000000000803f00000000f770c73f0000803f0000000000000000d6b8293f000000000000803f00000000ce042ebf00000000000000000000803fad4c90bf000000000000803f00000000f1a94abf0000803f0000000000000000fa58f6bd00000000000000000000803fd4cbaa3f00000000000000000000803fcb2ab0be00000000000000000000803f6244bbbf000000000000803f00000000cb2ab0be00000000000000000000803f1cfa81bf0000803f0000000000000000144f67bf00000000000000000000803ff95d463f	\\x000010420000b642000010410000c0400000c8410000484200008841000008420000484200006042000058420000004000008c420000904100004442000038420000c0410000644200000c42000074420000b0410000803f00007842000020410000b0410000204200005442000020420000004200003042000064420000944200009041000040400000b0410000804000007041000010420000b84100005c42000060410000f04100007442000034420000044200006c42000044420000684200002c420000684200006842000034420000e8410000f0410000f841000080400000a64200009c4200003042000010410000c040000050410000804000000c420000404100009041000014420000844200000040000098420000a4420000a04100002842000024420000804200008041000040420000c0410000000000001c42000000420000d0410000d841000020410000a84200009a420000b242000010420000a0400000b4420000a04200003c420000f84100005042000090420000784200004c42000000410000aa420000e0410000244200001c4200003042000020410000b8410000584200008a420000b04200007c420000984100004041000088410000e041000060420000d0410000004100001442000060410000604100008842	{120,4}	{120}	0	0
\.
COPY made.by_region_pooled_summary (source_table, output_table, dependent_varname, independent_varname, dependent_vartype, amount_class_values, buffer_size, normalizing_const, num_classes, distribution_rules, __internal_gpu_config__, num_partitions, seed, rows, data_spec, digest, partition_rows, partition_buffers, max_buffer_rows, format_version, folds, split) FROM stdin;
sales	made.by_region_pooled	{amount}	{kind,price}	{real}	\N	209664	1	{NULL}	all_segments	all_segments	1	0	120	{"version":3,"inputs":[{"name":"numbers","dtype":"float32","shape":[4],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":0,"class_values":[],"num_classes":0}],"targets":[{"name":"amount","dtype":"float32","shape":[],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":4,"class_values":[],"num_classes":0}],"has_weights":false,"num_partitions":1,"rows":120,"preprocessing":{"sources":[{"name":"kind","data_type":"text","class":"category","encode":"one_hot","impute":"none","indicator":true,"scale":"none","center":0.0,"spread":1.0,"categories":["new","old"]},{"name":"price","data_type":"real","class":"number","encode":"none","impute":"median","fill":15.0,"indicator":false,"scale":"standard","center":15.075,"spread":8.936966767309812}],"left_out":[],"target_types":["real"]}}	2496cb3d77895eefe8e1ba9406da2881	{120}	{1}	120	3	\N	\N
\.
COPY made.by_region_summary (source_table, output_table, dependent_varname, independent_varname, dependent_vartype, amount_class_values, buffer_size, normalizing_const, num_classes, distribution_rules, __internal_gpu_config__, num_partitions, seed, rows, data_spec, digest, partition_rows, partition_buffers, max_buffer_rows, format_version, folds, split, grouping_cols, groups_table, groups, packed_groups, largest_group_rows, validates, own_constants, arguments) FROM stdin;
sales	by_region	{amount}	{kind,price}	{real}	\N	209664	1	{NULL}	all_segments	all_segments	1	0	120	{"version":3,"inputs":[{"name":"numbers","dtype":"float32","shape":[4],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":0,"class_values":[],"num_classes":0}],"targets":[{"name":"amount","dtype":"float32","shape":[],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":4,"class_values":[],"num_classes":0}],"has_weights":false,"num_partitions":1,"rows":120,"preprocessing":{"sources":[{"name":"kind","data_type":"text","class":"category","encode":"one_hot","impute":"none","indicator":true,"scale":"none","center":0.0,"spread":1.0,"categories":["new","old"]},{"name":"price","data_type":"real","class":"number","encode":"none","impute":"median","fill":15.0,"indicator":false,"scale":"standard","center":15.075,"spread":8.936966767309812}],"left_out":[],"target_types":["real"]}}	7056a414659dad5cc7ec8a53ba3178c2	{120}	{2}	60	4	\N	\N	{region}	made.by_region_groups	2	2	60	f	f	{"dependent_varname":"amount","independent_varname":"*","num_partitions":1,"exclude":"id","drop_null_labels":true,"grouping_cols":"region","max_groups":10000,"null_groups":true,"preprocess_per_group":false,"pooled":true}
\.
COPY made.configs (mst_key, model_id, compile_params, fit_params) FROM stdin;
1	1	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8
2	2	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8
\.
COPY made.configs_summary (model_arch_table, object_table) FROM stdin;
made.archs	\N
\.
COPY made.models (mst_key, model_weights, model_arch) FROM stdin;
1	\\xaa352a3f859dd93ece33c9bea87a423f62e23fbfc858483f8b4eb03edee2ce3e5675473cce8abfbdf2103abd732af1bdebe9e53ebd79ed3e8167243f8b92333fe763183fa948103fb387b83eff56103fc3300cbf01bdaa3c05878cbd2e17443d	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 3, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
2	\\x4b7a4a3e8d9402bf0b27c63eeb6a613c5a8428bf83b50c3f239aa23ea6130b3f02ee7e3e9d57c0be16a0033f91e22bbecd56333ea27b8dbee5ff6a3e186310be032adfbd211907be36618dbd8b7f0cbeb9ceaebed38c5dbfa16f2c3f993b713efe75e03e78ba0f3f0f6596beebf0abbd3049083e4866d63ec4111b3fc19cfa3e653a3bbf7f932ebf54f7e03e1174f43da084f63df5c221be	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
\.
COPY made.models_info (mst_key, model_id, compile_params, fit_params, model_type, model_size, metrics_elapsed_time, metrics_type, loss_type, training_metrics_final, training_loss_final, training_metrics, training_loss, validation_metrics_final, validation_loss_final, validation_metrics, validation_loss, status, diverged_step, parameters, metrics_iters, metric_names, training_metric_values, validation_metric_values, training_seconds, iterations_done, best_iteration, stopped_iteration, stopped_by, configuration, fold) FROM stdin;
1	1	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	pg_cerebro	0.09375	{0.002805948257446289}	{accuracy}	categorical_crossentropy	0.375	1.125661162038644	{0.375}	{1.125661162038644}	0.2222222222222222	1.100250290499793	{0.2222222222222222}	{1.100250290499793}	trained	\N	24	{2}	{loss,accuracy}	{{1.125661162038644,0.375}}	{{1.100250290499793,0.2222222222222222}}	0.00036454200744628906	2	\N	\N	\N	1	\N
2	2	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	pg_cerebro	0.1484375	{0.002805948257446289}	{accuracy}	categorical_crossentropy	0.5277777777777778	1.1278517440789275	{0.5277777777777778}	{1.1278517440789275}	0.3888888888888889	1.2519429822762806	{0.3888888888888889}	{1.2519429822762806}	trained	\N	38	{2}	{loss,accuracy}	{{1.1278517440789275,0.5277777777777778}}	{{1.2519429822762806,0.3888888888888889}}	0.0007784366607666016	2	\N	\N	\N	2	\N
\.
COPY made.models_state (mst_key, piece, data) FROM stdin;
1	0	\\x504743420100000048070000000000000a20643261656532613633313137666635633638653234313935616439663139396212de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e74120210061206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a046269617312010318011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a0462696173120103180122031a0103220808011201001a0103220808021201011a0103220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d3005380340014812500260900170037a150a0d68696464656e2f6b65726e656c1202030328017a140a0b68696464656e2f62696173120103184028017a150a0a6f75742f6b65726e656c1202030318800128017a120a086f75742f6269617312010318c00128017a1a0a0f68696464656e2f6b65726e656c2f6d1202030318800220017a1a0a0f68696464656e2f6b65726e656c2f761202030318c00220017a170a0d68696464656e2f626961732f6d12010318800320017a170a0d68696464656e2f626961732f7612010318c00320017a170a0c6f75742f6b65726e656c2f6d1202030318800420017a170a0c6f75742f6b65726e656c2f761202030318c00420017a140a0a6f75742f626961732f6d12010318800520017a140a0a6f75742f626961732f7612010318c0052001800180068a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c2041565832aa352a3f859dd93ece33c9bea87a423f62e23fbfc858483f8b4eb03edee2ce3e5675473c00000000000000000000000000000000000000000000000000000000ce8abfbdf2103abd732af1bd00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ebe9e53ebd79ed3e8167243f8b92333fe763183fa948103fb387b83eff56103fc3300cbf0000000000000000000000000000000000000000000000000000000001bdaa3c05878cbd2e17443d000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000009286ae3bfc14a93960d642bdd7a9f4bb7032b1ba3092963d0d79bf3cfc2f35bc4aa42b3d00000000000000000000000000000000000000000000000000000000509733384c32c535edbd323a436ad8374cfde835f469083ab8487b38e6a36f367e0dcc38000000000000000000000000000000000000000000000000000000001133853b98895ebb398cb23d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000447add37bf820c3603ad1a3a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e75385bd5c5ea03da05358bc1789a0bd203fa23c9ff26f3d68a35bbbc880883dada381bd00000000000000000000000000000000000000000000000000000000328fb73aecb96f3a286af639a6e71b3a600f7439d4739339c71c8f39f0ac0c3a658fbd39000000000000000000000000000000000000000000000000000000001858e63bd92cde3c70e10bbd00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000083da139403098394354903900000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
2	0	\\x504743420100000048070000000000000a20613836313936653061626339366662336139376231346136633432303731653312de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100a1206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030518012a0b0a046269617312010518011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202050318012a0b0a0462696173120103180122031a0103220808011201001a0105220808021201011a0105220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d3005380340024812500260900170037a150a0d68696464656e2f6b65726e656c1202030528017a140a0b68696464656e2f62696173120105184028017a150a0a6f75742f6b65726e656c1202050318800128017a120a086f75742f6269617312010318c00128017a1a0a0f68696464656e2f6b65726e656c2f6d1202030518800220017a1a0a0f68696464656e2f6b65726e656c2f761202030518c00220017a170a0d68696464656e2f626961732f6d12010518800320017a170a0d68696464656e2f626961732f7612010518c00320017a170a0c6f75742f6b65726e656c2f6d1202050318800420017a170a0c6f75742f6b65726e656c2f761202050318c00420017a140a0a6f75742f626961732f6d12010318800520017a140a0a6f75742f626961732f7612010318c0052001800180068a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658324b7a4a3e8d9402bf0b27c63eeb6a613c5a8428bf83b50c3f239aa23ea6130b3f02ee7e3e9d57c0be16a0033f91e22bbecd56333ea27b8dbee5ff6a3e00000000186310be032adfbd211907be36618dbd8b7f0cbe0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000b9ceaebed38c5dbfa16f2c3f993b713efe75e03e78ba0f3f0f6596beebf0abbd3049083e4866d63ec4111b3fc19cfa3e653a3bbf7f932ebf54f7e03e000000001174f43da084f63df5c221be0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000039ef473de53dc7bcac847c3c4f1939bb68feaabd7c3d923da3e56c3c2122283dba1bf53af34940bc6130623ef1c40b3db261a03d0ee2963b51bd193e00000000aea1cb3a909bfb3854906d394872ec35e714a43a058e373aa5f81238b8a710393047123635e8d0395bd5183b6813bd3810f39d394600b836bdf6bf3a0000000049bb053e7b9a9f3cedf54b3d44be33bbdc86023e000000000000000000000000000000000000000000000000000000000000000000000000000000000000000083829e3aebec92381eea1e391efe7136e8408d3a0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000628243be53e4ec3cd8e5253e52e8bcbcda227bbcdf3c1d3d9172b0bdd208cfbab6aeb33dbfcbb33c27b709bd1a453f3c2eefa7bd0b72d23b0ec89a3d00000000e1ddd13a0e04e0378e51aa3a994230392c584a3966c0a53952bc213ab3bd4a384dcc103a8233ee379f8d333992d19038d833213a5fb63538acc8223a0000000070489bbd209587bdc86e113e000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003e503b3a2a6e023a9fa28c3a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
\.
COPY made.models_summary (source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, object_table, num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time, end_training_time, pg_cerebro_version, num_classes, dependent_vartype, normalizing_const, metrics_iters, data_spec, data_digest, seed, plan, workers, threads, "precision", use_gpus, build, state_place, early_stopping, halving, search, feature_precision, frozen_layers, result_format, folds, label_class_values) FROM stdin;
made.packed	made.packed_val	made.models	made.models_info	{label}	{x}	made.archs	made.configs	\N	2	2	f	\N	\N	2026-11-28 16:23:49.814153	2026-11-28 16:23:49.872431	0.1.0	{3}	{text}	1	{2}	{"version":2,"inputs":[{"name":"x","dtype":"uint8","shape":[3],"scale":1.0,"mean":[5.013888888888889,6.069444444444445,1.0],"std":[3.1335684998432503,3.8453665801588373,0.816496580927726],"dictionary":[],"kind":0,"class_values":[],"num_classes":0,"exact_standardisation":true}],"targets":[{"name":"label","dtype":"uint8","shape":[3],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":1,"class_values":["high","low","mid"],"num_classes":3,"class_rows":[24,24,24]}],"has_weights":false,"num_partitions":3,"rows":72}	ae6310d77f154f3908d6e1a1b7b157d2	3	{"version":2,"partitions":3,"bundles":[{"models":[0],"start":0,"visit_cost":5.04130775510204e-06},{"models":[1],"start":1,"visit_cost":5.382020816326531e-06}]}	0	1	float32	f	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	session memory	\N	\N	\N	\N	\N	2	\N	{high,low,mid}
\.
COPY made.models_visits (mst_key, iteration, visit, partition_id, worker, started_at, ended_at, loss, rows, device) FROM stdin;
2	1	1	1	-1	2026-11-28 16:23:49.859968+00	2026-11-28 16:23:49.860467+00	1.5891286209225655	24	\N
1	1	1	0	-1	2026-11-28 16:23:49.860484+00	2026-11-28 16:23:49.860608+00	1.370565300186475	24	\N
2	1	2	2	-1	2026-11-28 16:23:49.860614+00	2026-11-28 16:23:49.860692+00	1.2729958835989237	24	\N
1	1	2	1	-1	2026-11-28 16:23:49.860697+00	2026-11-28 16:23:49.860764+00	1.066952017446359	24	\N
2	1	3	0	-1	2026-11-28 16:23:49.860767+00	2026-11-28 16:23:49.860831+00	1.391635066519181	24	\N
1	1	3	2	-1	2026-11-28 16:23:49.860835+00	2026-11-28 16:23:49.860899+00	1.1864104395111401	24	\N
2	2	1	1	-1	2026-11-28 16:23:49.860923+00	2026-11-28 16:23:49.860954+00	1.3157245827217896	24	\N
1	2	1	0	-1	2026-11-28 16:23:49.860957+00	2026-11-28 16:23:49.86098+00	1.3007320115963619	24	\N
2	2	2	2	-1	2026-11-28 16:23:49.860983+00	2026-11-28 16:23:49.86104+00	1.25925483678778	24	\N
1	2	2	1	-1	2026-11-28 16:23:49.861051+00	2026-11-28 16:23:49.861107+00	1.0673195521036785	24	\N
2	2	3	0	-1	2026-11-28 16:23:49.861111+00	2026-11-28 16:23:49.86116+00	1.228173120568196	24	\N
1	2	3	2	-1	2026-11-28 16:23:49.861165+00	2026-11-28 16:23:49.861196+00	1.1241142749786377	24	\N
\.
COPY made.packed (x, label, x_shape, label_shape, partition_id, buffer_id) FROM stdin;
\\x050b02040b01000b01040100010700090a01020b010704000609020700000906010a0a020002010705010805020802000006010a0200010401030a02090c02090702080102060200	\\x010000000001000001000100000100000001000001000100010000000100000001010000000001000001010000000100000001000100000001010000010000010000010000000100	{24,3}	{24,3}	0	0
\\x030c00040301030300080801000302030800020c020305010201000a01020a0b000606000a0502000900030001040a00090302030202010602010901010300010102050501080600	\\x000100000001000100000001010000000100010000000001000100010000000100000100010000000100000001000100010000010000010000000001000100010000000001000100	{24,3}	{24,3}	1	0
\\x020701060701090900080b000703020404020900000504000509010508000502020707020a0401050c00060c01050101080c01040600010a02010001060002030602070a01000c02	\\x000001000001000100000100010000010000000100000100000001000100010000010000000001000100000001000001000001000100010000000001010000010000000001010000	{24,3}	{24,3}	2	0
\.
COPY made.packed_summary (source_table, output_table, dependent_varname, independent_varname, dependent_vartype, label_class_values, buffer_size, normalizing_const, num_classes, distribution_rules, __internal_gpu_config__, num_partitions, seed, rows, data_spec, digest, partition_rows, partition_buffers, max_buffer_rows, format_version, folds, split) FROM stdin;
points	packed	{label}	{x}	{text}	{high,low,mid}	698880	1	{3}	all_segments	all_segments	3	0	72	{"version":2,"inputs":[{"name":"x","dtype":"uint8","shape":[3],"scale":1.0,"mean":[5.013888888888889,6.069444444444445,1.0],"std":[3.1335684998432503,3.8453665801588373,0.816496580927726],"dictionary":[],"kind":0,"class_values":[],"num_classes":0,"exact_standardisation":true}],"targets":[{"name":"label","dtype":"uint8","shape":[3],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":1,"class_values":["high","low","mid"],"num_classes":3,"class_rows":[24,24,24]}],"has_weights":false,"num_partitions":3,"rows":72}	ae6310d77f154f3908d6e1a1b7b157d2	{24,24,24}	{1,1,1}	24	2	\N	{"by":"content","validation_fraction":0.2,"validation_table":"made.packed_val","validation_rows":18}
\.
COPY made.packed_val (x, label, x_shape, label_shape, partition_id, buffer_id) FROM stdin;
\\x060a000309010a08010904000a0700070b02	\\x000100000001000001000100000100010000	{6,3}	{6,3}	0	0
\\x060301020500020201070800070101080902	\\x000001000100000001000100000001010000	{6,3}	{6,3}	1	0
\\x040701000802000500020802020402040002	\\x000001010000000100010000010000010000	{6,3}	{6,3}	2	0
\.
COPY made.packed_val_summary (source_table, output_table, dependent_varname, independent_varname, dependent_vartype, label_class_values, buffer_size, normalizing_const, num_classes, distribution_rules, __internal_gpu_config__, num_partitions, seed, rows, data_spec, digest, partition_rows, partition_buffers, max_buffer_rows, format_version, folds, split) FROM stdin;
points	made.packed_val	{label}	{x}	{text}	{high,low,mid}	698880	1	{3}	all_segments	all_segments	3	0	18	{"version":2,"inputs":[{"name":"x","dtype":"uint8","shape":[3],"scale":1.0,"mean":[5.013888888888889,6.069444444444445,1.0],"std":[3.1335684998432503,3.8453665801588373,0.816496580927726],"dictionary":[],"kind":0,"class_values":[],"num_classes":0,"exact_standardisation":true}],"targets":[{"name":"label","dtype":"uint8","shape":[3],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":1,"class_values":["high","low","mid"],"num_classes":3,"class_rows":[6,6,6]}],"has_weights":false,"num_partitions":3,"rows":18}	85de836e03ad327c16765ee49a1d248e	{6,6,6}	{1,1,1}	6	2	\N	\N
\.
COPY made.points (id, label, x) FROM stdin;
1	mid	{7,5,1}
2	high	{3,10,2}
3	low	{10,2,0}
4	mid	{6,7,1}
5	high	{2,12,2}
6	low	{9,4,0}
7	mid	{5,9,1}
8	high	{1,1,2}
9	low	{8,6,0}
10	mid	{4,11,1}
11	high	{0,3,2}
12	low	{7,8,0}
13	mid	{3,0,1}
14	high	{10,5,2}
15	low	{6,10,0}
16	mid	{2,2,1}
17	high	{9,7,2}
18	low	{5,12,0}
19	mid	{1,4,1}
20	high	{8,9,2}
21	low	{4,1,0}
22	mid	{0,6,1}
23	high	{7,11,2}
24	low	{3,3,0}
25	mid	{10,8,1}
26	high	{6,0,2}
27	low	{2,5,0}
28	mid	{9,10,1}
29	high	{5,2,2}
30	low	{1,7,0}
31	mid	{8,12,1}
32	high	{4,4,2}
33	low	{0,9,0}
34	mid	{7,1,1}
35	high	{3,6,2}
36	low	{10,11,0}
37	mid	{6,3,1}
38	high	{2,8,2}
39	low	{9,0,0}
40	mid	{5,5,1}
41	high	{1,10,2}
42	low	{8,2,0}
43	mid	{4,7,1}
44	high	{0,12,2}
45	low	{7,4,0}
46	mid	{3,9,1}
47	high	{10,1,2}
48	low	{6,6,0}
49	mid	{2,11,1}
50	high	{9,3,2}
51	low	{5,8,0}
52	mid	{1,0,1}
53	high	{8,5,2}
54	low	{4,10,0}
55	mid	{0,2,1}
56	high	{7,7,2}
57	low	{3,12,0}
58	mid	{10,4,1}
59	high	{6,9,2}
60	low	{2,1,0}
61	mid	{9,6,1}
62	high	{5,11,2}
63	low	{1,3,0}
64	mid	{8,8,1}
65	high	{4,0,2}
66	low	{0,5,0}
67	mid	{7,10,1}
68	high	{3,2,2}
69	low	{10,7,0}
70	mid	{6,12,1}
71	high	{2,4,2}
72	low	{9,9,0}
73	mid	{5,1,1}
74	high	{1,6,2}
75	low	{8,11,0}
76	mid	{4,3,1}
77	high	{0,8,2}
78	low	{7,0,0}
79	mid	{3,5,1}
80	high	{10,10,2}
81	low	{6,2,0}
82	mid	{2,7,1}
83	high	{9,12,2}
84	low	{5,4,0}
85	mid	{1,9,1}
86	high	{8,1,2}
87	low	{4,6,0}
88	mid	{0,11,1}
89	high	{7,3,2}
90	low	{3,8,0}
\.
COPY made.regions (group_id, mst_key, model_weights) FROM stdin;
1	1	\\xe99e023f22f3493ff88a50bf17a454bf935b99bc265bf53db78c103f4631993eafaf473f073c113ff14a28bf632cdcbebd9064be8fd2e1be9879213fa86d303efbf3a1bdde8d63bd10dd9e3dcad2043dfad440bf02a4213dff692f3fcfa28a3df457a33d
2	1	\\x40e4013f85ea483f27ee50bf17a454bf821ccebc8028ea3d2c6a103f4cfe9e3e36c8473fa1ce113f905c2cbf632cdcbea4d180be6b0ff0bec4c21f3fe0b9363e442fa2bd558660bd3e249e3d063b333d051041bf218a1a3dc8562e3ff392863dfbfaa23d
\.
COPY made.regions_configs (mst_key, model_id, model_arch, compile_params, fit_params, model_type, model_size, parameters, loss_type, metrics_type, metric_names) FROM stdin;
1	1	{"class_name":"Functional","config":{"name":"mlp_4","layers":[{"class_name":"InputLayer","config":{"name":"numbers","batch_input_shape":[null,4],"dtype":"float32"},"name":"numbers","inbound_nodes":[]},{"class_name":"Dense","config":{"name":"hidden_1","units":4,"activation":"relu"},"name":"hidden_1","inbound_nodes":[[["numbers",0,0,{}]]]},{"class_name":"Dense","config":{"name":"amount","units":1,"activation":"linear"},"name":"amount","inbound_nodes":[[["hidden_1",0,0,{}]]]}],"input_layers":[["numbers",0,0]],"output_layers":[["amount",0,0]]},"keras_version":"2.10.0","backend":"tensorflow"}	optimizer='Adam(lr=0.01)',loss='mse',metrics=['rmse']	batch_size=16	pg_cerebro	0.09765625	25	mean_squared_error	{rmse}	{loss,rmse}
\.
COPY made.regions_groups (group_id, region, group_rows, validation_rows, status, reason, chosen, mst_key, metric, value, loss, global_value, seconds, digest, constants) FROM stdin;
1	north	60	0	trained	\N	own	1	rmse	53.573394014751685	2870.1085501035054	\N	9.608268737792969e-05	bc1046c712b452a9105ab96eebe7df05	\N
2	south	60	0	trained	\N	own	1	rmse	35.635196996300074	1269.8672538518906	\N	4.482269287109375e-05	369f0a7dba6df8ea5ff5fcb6275e428f	\N
\.
COPY made.regions_info (group_id, mst_key, status, diverged_step, training_loss_final, training_metrics_final, validation_loss_final, validation_metrics_final, metrics_iters, metrics_elapsed_time, training_loss, training_metrics, validation_loss, validation_metrics, training_metric_values, validation_metric_values, training_seconds, iterations_done, best_iteration, stopped_iteration, stopped_by) FROM stdin;
1	1	trained	\N	2870.1085501035054	53.573394014751685	\N	\N	{2}	{9.322166442871094e-05}	{2870.1085501035054}	{53.573394014751685}	\N	\N	{{2870.1085501035054,53.573394014751685}}	\N	7.009506225585938e-05	2	\N	\N	\N
2	1	trained	\N	1269.8672538518906	35.635196996300074	\N	\N	{2}	{4.291534423828125e-05}	{1269.8672538518906}	{35.635196996300074}	\N	\N	{{1269.8672538518906,35.635196996300074}}	\N	3.4809112548828125e-05	2	\N	\N	\N
\.
COPY made.regions_summary (source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, object_table, num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time, end_training_time, pg_cerebro_version, num_classes, dependent_vartype, normalizing_const, metrics_iters, data_spec, data_digest, seed, plan, workers, threads, "precision", use_gpus, build, state_place, early_stopping, halving, search, feature_precision, frozen_layers, result_format, folds, amount_class_values, grouping_cols, groups_table, groups, trained_groups, diverged_groups, failed_groups, skipped_groups, global_mst_key, promote, arguments) FROM stdin;
made.by_region	\N	made.regions	made.regions_info	{amount}	{kind,price}	made.sales_archs	made.sales_configs	\N	2	2	f	\N	\N	2026-11-28 16:23:50.16645	2026-11-28 16:23:50.18999	0.1.0	{NULL}	{real}	1	{2}	{"version":3,"inputs":[{"name":"numbers","dtype":"float32","shape":[4],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":0,"class_values":[],"num_classes":0}],"targets":[{"name":"amount","dtype":"float32","shape":[],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":4,"class_values":[],"num_classes":0}],"has_weights":false,"num_partitions":1,"rows":120,"preprocessing":{"sources":[{"name":"kind","data_type":"text","class":"category","encode":"one_hot","impute":"none","indicator":true,"scale":"none","center":0.0,"spread":1.0,"categories":["new","old"]},{"name":"price","data_type":"real","class":"number","encode":"none","impute":"median","fill":15.0,"indicator":false,"scale":"standard","center":15.075,"spread":8.936966767309812}],"left_out":[],"target_types":["real"]}}	7056a414659dad5cc7ec8a53ba3178c2	5	{"version":2,"partitions":1,"bundles":[]}	0	1	float32	f	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	session memory	\N	\N	\N	\N	\N	2	\N	\N	{region}	made.by_region_groups	2	2	0	0	0	\N	\N	{"restore_best":false,"warm_start_groups":false}
\.
COPY made.sales (id, region, kind, price, amount) FROM stdin;
1	south	old	7	15
2	north	\N	14	44
3	south	new	21	42
4	north	old	28	85
5	south	\N	4	10
6	north	new	11	33
7	south	old	18	37
8	north	\N	25	77
9	south	new	1	2
10	north	old	8	25
11	south	\N	15	32
12	north	new	22	66
13	south	old	29	59
14	north	\N	5	17
15	south	new	12	24
16	north	old	19	58
17	south	\N	26	54
18	north	new	2	6
19	south	old	9	19
20	north	\N	16	50
21	south	new	23	46
22	north	old	30	91
23	south	\N	6	14
24	north	new	13	39
25	south	old	20	41
26	north	\N	27	83
27	south	new	3	6
28	north	old	10	31
29	south	\N	17	36
30	north	new	24	72
31	south	old	0	1
32	north	\N	7	23
33	south	new	14	28
34	north	old	21	64
35	south	\N	28	58
36	north	new	4	12
37	south	old	11	23
38	north	\N	18	56
39	south	new	25	50
40	north	old	1	4
41	south	\N	8	18
42	north	new	15	45
43	south	old	22	45
44	north	\N	29	89
45	south	new	5	10
46	north	old	12	37
47	south	\N	19	40
48	north	new	26	78
49	south	old	2	5
50	north	\N	9	29
51	south	new	16	32
52	north	old	23	70
53	south	\N	30	62
54	north	new	6	18
55	south	old	13	27
56	north	\N	20	62
57	south	new	27	54
58	north	old	3	10
59	south	\N	10	22
60	north	new	17	51
61	south	old	24	49
62	north	\N	0	2
63	south	new	7	14
64	north	old	14	43
65	south	\N	21	44
66	north	new	28	84
67	south	old	4	9
68	north	\N	11	35
69	south	new	18	36
70	north	old	25	76
71	south	\N	1	4
72	north	new	8	24
73	south	old	15	31
74	north	\N	22	68
75	south	new	29	58
76	north	old	5	16
77	south	\N	12	26
78	north	new	19	57
79	south	old	26	53
80	north	\N	2	8
81	south	new	9	18
82	north	old	16	49
83	south	\N	23	48
84	north	new	30	90
85	south	old	6	13
86	north	\N	13	41
87	south	new	20	40
88	north	old	27	82
89	south	\N	3	8
90	north	new	10	30
91	south	old	17	35
92	north	\N	24	74
93	south	new	0	0
94	north	old	7	22
95	south	\N	14	30
96	north	new	21	63
97	south	old	28	57
98	north	\N	4	14
99	south	new	11	22
100	north	old	18	55
101	south	\N	25	52
102	north	new	1	3
103	south	old	8	17
104	north	\N	15	47
105	south	new	22	44
106	north	old	29	88
107	south	\N	5	12
108	north	new	12	36
109	south	old	19	39
110	north	\N	26	80
111	south	new	2	4
112	north	old	9	28
113	south	\N	16	34
114	north	new	23	69
115	south	old	30	61
116	north	\N	6	20
117	south	new	13	26
118	north	old	20	61
119	south	\N	27	56
120	north	new	3	9
\.
COPY made.sales_archs (model_id, model_arch, model_weights, name, description, __internal_madlib_id__, weight_layers) FROM stdin;
1	{"class_name":"Functional","config":{"name":"mlp_4","layers":[{"class_name":"InputLayer","config":{"name":"numbers","batch_input_shape":[null,4],"dtype":"float32"},"name":"numbers","inbound_nodes":[]},{"class_name":"Dense","config":{"name":"hidden_1","units":4,"activation":"relu"},"name":"hidden_1","inbound_nodes":[[["numbers",0,0,{}]]]},{"class_name":"Dense","config":{"name":"amount","units":1,"activation":"linear"},"name":"amount","inbound_nodes":[[["hidden_1",0,0,{}]]]}],"input_layers":[["numbers",0,0]],"output_layers":[["amount",0,0]]},"keras_version":"2.10.0","backend":"tensorflow"}	\N	mlp_4	for by_region: 25 weights, 49 FLOPs a row	\N	\N
\.
COPY made.sales_configs (mst_key, model_id, compile_params, fit_params) FROM stdin;
1	1	optimizer='Adam(lr=0.01)',loss='mse',metrics=['rmse']	batch_size=16
\.
COPY made.sales_configs_summary (model_arch_table, object_table) FROM stdin;
made.sales_archs	\N
\.
COPY made.searched (mst_key, model_weights, model_arch) FROM stdin;
1	\\xbd7c283f9c75de3e1f62aabee5cf123f385d2abfed21453f325ed33e7a98a43e873f253df4d002bf33b6d1bd1c1a0ebfcde3e8bea639603fa667c23ebc3f373bd6a25d3b06bd9bbc373487bcbb3d5fbdaaa4903ee114ff3e128f1f3f306def3e4e7f113f539f173f214d803e9dca173f9dec0dbfb5ba683f9a86a43ee38bf8be61d66d3d6d940d3fbfae24bec62e03bcd6ff31bd89cb523d	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
2	\\x5de1343ea55038bf8456f03e8265c53c84625fbf87863d3fc2ce1f3ed036163f12d6733e5b3a45be646933bd834181bd327ae9be878168bf61c75b3fe1ffbf3e7f31a83eb30f2e3ff690a8bef64f2ebe410e423ef32a893d180c3c3dfe30e7bd	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 3, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
\.
COPY made.searched_control (requested_at, requested_by, action, mst_key, model_id, compile_params, fit_params, from_weights, iterations, priority, round, took_effect_at, new_mst_key, refused) FROM stdin;
\.
COPY made.searched_info (mst_key, model_id, compile_params, fit_params, model_type, model_size, metrics_elapsed_time, metrics_type, loss_type, training_metrics_final, training_loss_final, training_metrics, training_loss, validation_metrics_final, validation_loss_final, validation_metrics, validation_loss, status, diverged_step, parameters, metrics_iters, metric_names, training_metric_values, validation_metric_values, training_seconds, iterations_done, best_iteration, stopped_iteration, stopped_by, configuration, fold) FROM stdin;
1	2	optimizer='SGD(lr=0.0421237)',metrics=['accuracy'],loss='categorical_crossentropy'	batch_size=16	pg_cerebro	0.1484375	{0.0020389556884765625,0.006622791290283203}	{accuracy}	categorical_crossentropy	0.5416666666666666	0.9895799507697424	{0.4166666666666667,0.5416666666666666}	{1.042327901141511,0.9895799507697424}	0.3333333333333333	1.0039371980561151	{0.3333333333333333,0.3333333333333333}	{1.057740459839503,1.0039371980561151}	trained	\N	38	{1,2}	{loss,accuracy}	{{1.042327901141511,0.4166666666666667},{0.9895799507697424,0.5416666666666666}}	{{1.057740459839503,0.3333333333333333},{1.0039371980561151,0.3333333333333333}}	0.0004134178161621094	2	\N	\N	\N	1	\N
2	1	optimizer='SGD(lr=0.0606417)',metrics=['accuracy'],loss='categorical_crossentropy'	batch_size=8	pg_cerebro	0.09375	{0.0020389556884765625,0.006622791290283203}	{accuracy}	categorical_crossentropy	0.25	1.1176140540175967	{0.2777777777777778,0.25}	{1.1556939010818799,1.1176140540175967}	0.2222222222222222	1.1367753114965227	{0.2777777777777778,0.2222222222222222}	{1.1703189743889704,1.1367753114965227}	trained	\N	24	{1,2}	{loss,accuracy}	{{1.1556939010818799,0.2777777777777778},{1.1176140540175967,0.25}}	{{1.1703189743889704,0.2777777777777778},{1.1367753114965227,0.2222222222222222}}	0.0005040168762207031	2	\N	\N	\N	2	\N
\.
COPY made.searched_run (format, state, iteration, iterations, generation, started_at, committed_at, seconds, visits, error, arguments, settings, data, models, build, past_iterations, past_evaluations, past_seconds, past_diverged, decided) FROM stdin;
1	stopped	2	4	1	2026-11-28 16:23:50.036031+00	2026-11-28 16:23:50.082324+00	0.007795810699462891	12	\N	{source_table=made.packed,model_selection_table=made.archs,num_iterations=4,use_gpus=false,validation_table=made.packed_val,warm_start=false,seed=3,restore_best=false,"search={'policy': 'random', 'max_models': 3, 'concurrency': 2, 'compile_params_grid':\n    {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],\n     'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}]},\n    'fit_params_grid': {'batch_size': [8, 16]}}"}	{cerebro.precision=float32,cerebro.threads=1,cerebro.feature_precision=float32}	{source_table=ae6310d77f154f3908d6e1a1b7b157d2,validation_table=85de836e03ad327c16765ee49a1d248e}	{1:2:5e3e954b508ccf03645b3f986f01c8f9:65e3ea351b7c8c6060594ef25e4ab8a0:ad7991a5b71f7355109f967053205605:none,2:1:badb9944f963f7b1b4aa111673524326:05cd740abb11d15c1b59f09f8fbcf648:11c31b6872ed91307f1a0c50c1082d72:none}	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	{0,0}	{0,0}	{0,0}	{0,0}	2
\.
COPY made.searched_state (mst_key, piece, data) FROM stdin;
1	0	\\x504743420100000085060000000000000a20613836313936653061626339366662336139376231346136633432303731653312de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100a1206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030518012a0b0a046269617312010518011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202050318012a0b0a0462696173120103180122031a0103220808011201001a0105220808021201011a0105220808031201021a01032a01003201031a526f7074696d697a65723d27534744286c723d302e3034323132333729272c6d6574726963733d5b276163637572616379275d2c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f707927220d62617463685f73697a653d31362a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d300538034001480c500260900170037a150a0d68696464656e2f6b65726e656c1202030528017a140a0b68696464656e2f62696173120105184028017a150a0a6f75742f6b65726e656c1202050318800128017a120a086f75742f6269617312010318c0012801800180028a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c2041565832bd7c283f9c75de3e1f62aabee5cf123f385d2abfed21453f325ed33e7a98a43e873f253df4d002bf33b6d1bd1c1a0ebfcde3e8bea639603fa667c23e00000000bc3f373bd6a25d3b06bd9bbc373487bcbb3d5fbd0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000aaa4903ee114ff3e128f1f3f306def3e4e7f113f539f173f214d803e9dca173f9dec0dbfb5ba683f9a86a43ee38bf8be61d66d3d6d940d3fbfae24be00000000c62e03bcd6ff31bd89cb523d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
2	0	\\x504743420100000084060000000000000a20643261656532613633313137666635633638653234313935616439663139396212de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e74120210061206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a046269617312010318011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a0462696173120103180122031a0103220808011201001a0103220808021201011a0103220808031201021a01032a01003201031a526f7074696d697a65723d27534744286c723d302e3036303634313729272c6d6574726963733d5b276163637572616379275d2c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f707927220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d3005380340024812500260900170037a150a0d68696464656e2f6b65726e656c1202030328017a140a0b68696464656e2f62696173120103184028017a150a0a6f75742f6b65726e656c1202030318800128017a120a086f75742f6269617312010318c0012801800180028a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658325de1343ea55038bf8456f03e8265c53c84625fbf87863d3fc2ce1f3ed036163f12d6733e000000000000000000000000000000000000000000000000000000005b3a45be646933bd834181bd00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000327ae9be878168bf61c75b3fe1ffbf3e7f31a83eb30f2e3ff690a8bef64f2ebe410e423e00000000000000000000000000000000000000000000000000000000f32a893d180c3c3dfe30e7bd00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
\.
COPY made.searched_summary (source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, object_table, num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time, end_training_time, pg_cerebro_version, num_classes, dependent_vartype, normalizing_const, metrics_iters, data_spec, data_digest, seed, plan, workers, threads, "precision", use_gpus, build, state_place, early_stopping, halving, search, feature_precision, frozen_layers, result_format, folds, label_class_values) FROM stdin;
made.packed	made.packed_val	made.searched	made.searched_info	{label}	{x}	made.archs	made.archs	\N	4	4	f	\N	\N	2026-11-28 16:23:50.036031	2026-11-28 16:23:50.073277	0.1.0	{3}	{text}	1	{1,2}	{"version":2,"inputs":[{"name":"x","dtype":"uint8","shape":[3],"scale":1.0,"mean":[5.013888888888889,6.069444444444445,1.0],"std":[3.1335684998432503,3.8453665801588373,0.816496580927726],"dictionary":[],"kind":0,"class_values":[],"num_classes":0,"exact_standardisation":true}],"targets":[{"name":"label","dtype":"uint8","shape":[3],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":1,"class_values":["high","low","mid"],"num_classes":3,"class_rows":[24,24,24]}],"has_weights":false,"num_partitions":3,"rows":72}	ae6310d77f154f3908d6e1a1b7b157d2	3	{"version":2,"partitions":3,"bundles":[{"models":[0],"start":0,"visit_cost":4.135747755102041e-06},{"models":[1],"start":1,"visit_cost":5.02546775510204e-06}]}	0	1	float32	f	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	session memory	\N	\N	{'policy': 'random', 'max_models': 3, 'concurrency': 2, 'compile_params_grid':\n    {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],\n     'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}]},\n    'fit_params_grid': {'batch_size': [8, 16]}}	\N	\N	2	\N	{high,low,mid}
\.
COPY made.searched_trials (mst_key, state, model_id, compile_params, fit_params, parent, keeps_optimizer, began, iterations, target, entered_round, bracket, priority, deleted, remark, error, point_iterations, point_values) FROM stdin;
1	trains	2	optimizer='SGD(lr=0.0421237)',metrics=['accuracy'],loss='categorical_crossentropy'	batch_size=16	\N	f	0	2	4	0	0	0	f	random	\N	{1,2}	{-0.3333333333333333,-0.3333333333333333}
2	trains	1	optimizer='SGD(lr=0.0606417)',metrics=['accuracy'],loss='categorical_crossentropy'	batch_size=8	\N	f	0	2	4	0	0	0	f	random	\N	{1,2}	{-0.2777777777777778,-0.2222222222222222}
\.
COPY made.searched_visits (mst_key, iteration, visit, partition_id, worker, started_at, ended_at, loss, rows, device) FROM stdin;
2	1	1	1	-1	2026-11-28 16:23:50.065063+00	2026-11-28 16:23:50.065234+00	1.4558732335766156	24	\N
1	1	1	0	-1	2026-11-28 16:23:50.065242+00	2026-11-28 16:23:50.065341+00	1.1955313136180241	24	\N
2	1	2	2	-1	2026-11-28 16:23:50.065346+00	2026-11-28 16:23:50.065423+00	1.1649695932865143	24	\N
1	1	2	1	-1	2026-11-28 16:23:50.06543+00	2026-11-28 16:23:50.065575+00	0.9846476974586645	24	\N
2	1	3	0	-1	2026-11-28 16:23:50.065581+00	2026-11-28 16:23:50.065665+00	1.3713460266590118	24	\N
1	1	3	2	-1	2026-11-28 16:23:50.065672+00	2026-11-28 16:23:50.065744+00	1.1116575462122757	24	\N
2	2	1	1	-1	2026-11-28 16:23:50.070389+00	2026-11-28 16:23:50.070504+00	1.1871044983466466	24	\N
1	2	1	0	-1	2026-11-28 16:23:50.070516+00	2026-11-28 16:23:50.070559+00	1.1438134449223678	24	\N
2	2	2	2	-1	2026-11-28 16:23:50.070562+00	2026-11-28 16:23:50.07059+00	1.0851334085067113	24	\N
1	2	2	1	-1	2026-11-28 16:23:50.070595+00	2026-11-28 16:23:50.070624+00	0.9217000640928745	24	\N
2	2	3	0	-1	2026-11-28 16:23:50.070626+00	2026-11-28 16:23:50.070655+00	1.1423967306812604	24	\N
1	2	3	2	-1	2026-11-28 16:23:50.070659+00	2026-11-28 16:23:50.070685+00	1.079320917526881	24	\N
\.
COPY made.space (search) FROM stdin;
{'policy': 'random', 'max_models': 3, 'concurrency': 2, 'compile_params_grid':\n    {'loss': ['categorical_crossentropy'], 'metrics': ['accuracy'],\n     'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 0.1, 'log']}]},\n    'fit_params_grid': {'batch_size': [8, 16]}}
\.
COPY made.warm (mst_key, model_weights, model_arch) FROM stdin;
1	\\x7290263f2aa6de3ec792bdbe2c18473fc8243fbf66503f3f04159e3e2155003fe50deebc561fcdbda8f0cc3a7fe21bbef1bdf73e0cf3d73e33da233f6bb1403fcfdd123fc28c023fc05dba3e19b6073f679502bffe64f23b5548a6bd4589973d	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 3, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
2	\\x8f773e3ed375f9befd66c03ed242a83c474b1fbfa324073f809f993e3c34043fe707833eaf31bbbe8e50ee3eb0805abe08c8fd3dd4e7afbe097e313edcef34beb3c301be0ccf2cbef435d6bb51863fbe60d093beb8b670bf805c203f2688773e81f7ed3e5021093f770886bebd9ba6bdcb38c93dab6db33e828a263f0118ee3e4afd2dbf0ec535bf671fcb3eb77e1d3e79c1243eb2a85abe	{"class_name": "Sequential", "config": [\n  {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu",\n    "batch_input_shape": [null, 3]}},\n  {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},\n  {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}
\.
COPY made.warm_control (requested_at, requested_by, action, mst_key, model_id, compile_params, fit_params, from_weights, iterations, priority, round, took_effect_at, new_mst_key, refused) FROM stdin;
\.
COPY made.warm_info (mst_key, model_id, compile_params, fit_params, model_type, model_size, metrics_elapsed_time, metrics_type, loss_type, training_metrics_final, training_loss_final, training_metrics, training_loss, validation_metrics_final, validation_loss_final, validation_metrics, validation_loss, status, diverged_step, parameters, metrics_iters, metric_names, training_metric_values, validation_metric_values, training_seconds, iterations_done, best_iteration, stopped_iteration, stopped_by, configuration, fold) FROM stdin;
1	1	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	pg_cerebro	0.09375	{0.0064618587493896484}	{accuracy}	categorical_crossentropy	0.375	1.125661162038644	{0.375}	{1.125661162038644}	\N	\N	\N	\N	trained	\N	24	{2}	{loss,accuracy}	{{1.125661162038644,0.375}}	\N	0.0007441043853759766	3	\N	\N	\N	1	\N
2	2	optimizer='Adam(lr=0.01)',loss='categorical_crossentropy',metrics=['accuracy']	batch_size=8	pg_cerebro	0.1484375	{0.0064618587493896484}	{accuracy}	categorical_crossentropy	0.5277777777777778	1.1278517440789275	{0.5277777777777778}	{1.1278517440789275}	\N	\N	\N	\N	trained	\N	38	{2}	{loss,accuracy}	{{1.1278517440789275,0.5277777777777778}}	\N	0.005132198333740234	3	\N	\N	\N	2	\N
\.
COPY made.warm_run (format, state, iteration, iterations, generation, started_at, committed_at, seconds, visits, error, arguments, settings, data, models, build, past_iterations, past_evaluations, past_seconds, past_diverged, decided) FROM stdin;
1	stopped	1	4	1	2026-11-28 16:23:49.990178+00	2026-11-28 16:23:50.030346+00	0.01276397705078125	6	\N	{source_table=made.packed,model_selection_table=made.configs,num_iterations=4,use_gpus=false,warm_start=true,seed=3,restore_best=false}	{cerebro.precision=float32,cerebro.threads=1,cerebro.feature_precision=float32}	{source_table=ae6310d77f154f3908d6e1a1b7b157d2}	{1:1:5aabc9efe5f40870a29504d819e7b06e:05cd740abb11d15c1b59f09f8fbcf648:11c31b6872ed91307f1a0c50c1082d72:none,2:2:5aabc9efe5f40870a29504d819e7b06e:05cd740abb11d15c1b59f09f8fbcf648:ad7991a5b71f7355109f967053205605:none}	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	{2,2}	{1,1}	{0.0005249977111816406,0.004780292510986328}	{0,0}	1
\.
COPY made.warm_state (mst_key, piece, data) FROM stdin;
1	0	\\x504743420100000048070000000000000a20643261656532613633313137666635633638653234313935616439663139396212de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e74120210061206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a046269617312010318011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030318012a0b0a0462696173120103180122031a0103220808011201001a0103220808021201011a0103220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d300538034001481b500360d80170037a150a0d68696464656e2f6b65726e656c1202030328017a140a0b68696464656e2f62696173120103184028017a150a0a6f75742f6b65726e656c1202030318800128017a120a086f75742f6269617312010318c00128017a1a0a0f68696464656e2f6b65726e656c2f6d1202030318800220017a1a0a0f68696464656e2f6b65726e656c2f761202030318c00220017a170a0d68696464656e2f626961732f6d12010318800320017a170a0d68696464656e2f626961732f7612010318c00320017a170a0c6f75742f6b65726e656c2f6d1202030318800420017a170a0c6f75742f6b65726e656c2f761202030318c00420017a140a0a6f75742f626961732f6d12010318800520017a140a0a6f75742f626961732f7612010318c0052001800180068a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658327290263f2aa6de3ec792bdbe2c18473fc8243fbf66503f3f04159e3e2155003fe50deebc00000000000000000000000000000000000000000000000000000000561fcdbda8f0cc3a7fe21bbe00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000f1bdf73e0cf3d73e33da233f6bb1403fcfdd123fc28c023fc05dba3e19b6073f679502bf00000000000000000000000000000000000000000000000000000000fe64f23b5548a6bd4589973d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000395bb93b6617d6ba1b81e9bcc66c1dbcdb1c0c3bba815c3ddf552a3cdd01eebcbc38ee3c00000000000000000000000000000000000000000000000000000000ff593f389b0f6d36a4d6443a1f52023821b9a6360bbf463a6c8b8238167b98375809203900000000000000000000000000000000000000000000000000000000b73b42baa6a828bc8352643d0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000085cf0a3827c4ae3675b0603a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ebb867bd9748993d85b095bc79a7eabd68dc553d8a727f3d05e84bbb99063c3d1b482fbd00000000000000000000000000000000000000000000000000000000cfc9e63a285d8f3a12fe1f3af746613afeffbc392367c439268aa739af2f263aeeaffa39000000000000000000000000000000000000000000000000000000005ddaa83c24543c3c388203bd000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001410e339cce0ce39d748053a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
2	0	\\x504743420100000048070000000000000a20613836313936653061626339366662336139376231346136633432303731653312de0608011a230a0c68696464656e5f696e70757410011801220f0a05736861706512062a040a0210061ae9020a0668696464656e1002180122bd020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100a1206220472656c75120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202030518012a0b0a046269617312010518011a340a0464726f70100b180122280a04726174650a0b6e6f6973655f73686170650a04736565641209199a9999999999c93f120012001ae9020a036f75741002180122c0020a05756e6974730a0a61637469766174696f6e0a087573655f626961730a126b65726e656c5f696e697469616c697a65720a10626961735f696e697469616c697a65720a126b65726e656c5f726567756c6172697a65720a10626961735f726567756c6172697a65720a116b65726e656c5f636f6e73747261696e740a0f626961735f636f6e73747261696e741202100612092207736f66746d6178120208011271326f0a0a636c6173735f6e616d650a06636f6e6669671211220f56617269616e63655363616c696e67124632440a057363616c650a046d6f64650a0c646973747269627574696f6e0a0473656564120919000000000000f03f1209220766616e5f61766712092207756e69666f726d1200122332210a0a636c6173735f6e616d650a06636f6e666967120722055a65726f731202320012001200120012002a0e0a066b65726e656c1202050318012a0b0a0462696173120103180122031a0103220808011201001a0105220808021201011a0105220808031201021a01032a01003201031a4e6f7074696d697a65723d274164616d286c723d302e303129272c6c6f73733d2763617465676f726963616c5f63726f7373656e74726f7079272c6d6574726963733d5b276163637572616379275d220c62617463685f73697a653d382a84047b2276657273696f6e223a322c22696e70757473223a5b7b226e616d65223a2278222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b352e3031333838383838383838383838392c362e3036393434343434343434343434352c312e305d2c22737464223a5b332e313333353638343939383433323530332c332e383435333636353830313538383337332c302e3831363439363538303932373732365d2c2264696374696f6e617279223a5b5d2c226b696e64223a302c22636c6173735f76616c756573223a5b5d2c226e756d5f636c6173736573223a302c2265786163745f7374616e6461726469736174696f6e223a747275657d5d2c2274617267657473223a5b7b226e616d65223a226c6162656c222c226474797065223a2275696e7438222c227368617065223a5b335d2c227363616c65223a312e302c226d65616e223a5b5d2c22737464223a5b5d2c2264696374696f6e617279223a5b5d2c226b696e64223a312c22636c6173735f76616c756573223a5b2268696768222c226c6f77222c226d6964225d2c226e756d5f636c6173736573223a332c22636c6173735f726f7773223a5b32342c32342c32345d7d5d2c226861735f77656967687473223a66616c73652c226e756d5f706172746974696f6e73223a332c22726f7773223a37327d300538034002481b500360d80170037a150a0d68696464656e2f6b65726e656c1202030528017a140a0b68696464656e2f62696173120105184028017a150a0a6f75742f6b65726e656c1202050318800128017a120a086f75742f6269617312010318c00128017a1a0a0f68696464656e2f6b65726e656c2f6d1202030518800220017a1a0a0f68696464656e2f6b65726e656c2f761202030518c00220017a170a0d68696464656e2f626961732f6d12010518800320017a170a0d68696464656e2f626961732f7612010518c00320017a170a0c6f75742f6b65726e656c2f6d1202050318800420017a170a0c6f75742f6b65726e656c2f761202050318c00420017a140a0a6f75742f626961732f6d12010318800520017a140a0a6f75742f626961732f7612010318c0052001800180068a012a4c6962546f72636820312e31332e302c204f70656e424c415320302e332e3231205a656e2c20415658328f773e3ed375f9befd66c03ed242a83c474b1fbfa324073f809f993e3c34043fe707833eaf31bbbe8e50ee3eb0805abe08c8fd3dd4e7afbe097e313e00000000dcef34beb3c301be0ccf2cbef435d6bb51863fbe000000000000000000000000000000000000000000000000000000000000000000000000000000000000000060d093beb8b670bf805c203f2688773e81f7ed3e5021093f770886bebd9ba6bdcb38c93dab6db33e828a263f0118ee3e4afd2dbf0ec535bf671fcb3e00000000b77e1d3e79c1243eb2a85abe0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000062363b3d3c8be4bb64b2973cfe27dcbbe28a72bd406bfdba59ee603bfc676f3c46980f3c902f73bbecd3083e1ddfc53c57ba6f3dd747cd3c6338013e0000000085bde43a872c023942958b39a3560a37d0ebcf3ab8df5d3a56b52a38115f26397e5c4237b7212c3aefc11f3b9da1cb3841bab139dd78ca37efc3dc3a00000000be52173dab421e3ba2ddc83cdb8e94bc4d12c03d00000000000000000000000000000000000000000000000000000000000000000000000000000000000000005abcaa3a00d6993860cf3a39eac674377840ae3a0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ea1001be2568083dc5edbd3d4e83a23b166f3bbcd05ad43b280f73bd4007553c5acd3d3d60f2ec3cb1f404bdfcb7673b43198ebd18df9b3cfc424e3d000000006d34e53aba0b2838bea3b63a4f0436392c4e6b395f5fb439cf094b3ad4ed9e380c2b273a00b8303875505439eeb5a238789f473aa8b79638f16b4f3a000000005fe864bd62dd20bde0e2c23d0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000051da713a70a42c3afe80a03a00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
\.
COPY made.warm_summary (source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table, object_table, num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time, end_training_time, pg_cerebro_version, num_classes, dependent_vartype, normalizing_const, metrics_iters, data_spec, data_digest, seed, plan, workers, threads, "precision", use_gpus, build, state_place, early_stopping, halving, search, feature_precision, frozen_layers, result_format, folds, label_class_values) FROM stdin;
made.packed	\N	made.warm	made.warm_info	{label}	{x}	made.archs	made.configs	\N	4	4	t	\N	\N	2026-11-28 16:23:49.990178	2026-11-28 16:23:50.020764	0.1.0	{3}	{text}	1	{}	{"version":2,"inputs":[{"name":"x","dtype":"uint8","shape":[3],"scale":1.0,"mean":[5.013888888888889,6.069444444444445,1.0],"std":[3.1335684998432503,3.8453665801588373,0.816496580927726],"dictionary":[],"kind":0,"class_values":[],"num_classes":0,"exact_standardisation":true}],"targets":[{"name":"label","dtype":"uint8","shape":[3],"scale":1.0,"mean":[],"std":[],"dictionary":[],"kind":1,"class_values":["high","low","mid"],"num_classes":3,"class_rows":[24,24,24]}],"has_weights":false,"num_partitions":3,"rows":72}	ae6310d77f154f3908d6e1a1b7b157d2	3	{"version":2,"partitions":3,"bundles":[{"models":[0],"start":0,"visit_cost":5.04130775510204e-06},{"models":[1],"start":1,"visit_cost":5.382020816326531e-06}]}	0	1	float32	f	LibTorch 1.13.0, OpenBLAS 0.3.21 Zen, AVX2	session memory	\N	\N	\N	\N	\N	2	\N	{high,low,mid}
\.
COPY made.warm_visits (mst_key, iteration, visit, partition_id, worker, started_at, ended_at, loss, rows, device) FROM stdin;
2	1	1	1	-1	2026-11-28 16:23:49.973232+00	2026-11-28 16:23:49.973492+00	1.5891286209225655	24	\N
1	1	1	0	-1	2026-11-28 16:23:49.973503+00	2026-11-28 16:23:49.973624+00	1.370565300186475	24	\N
2	1	2	2	-1	2026-11-28 16:23:49.97363+00	2026-11-28 16:23:49.973743+00	1.2729958835989237	24	\N
1	1	2	1	-1	2026-11-28 16:23:49.973749+00	2026-11-28 16:23:49.973856+00	1.066952017446359	24	\N
2	1	3	0	-1	2026-11-28 16:23:49.973861+00	2026-11-28 16:23:49.973978+00	1.391635066519181	24	\N
1	1	3	2	-1	2026-11-28 16:23:49.973984+00	2026-11-28 16:23:49.97409+00	1.1864104395111401	24	\N
2	2	1	1	-1	2026-11-28 16:23:49.974109+00	2026-11-28 16:23:49.974161+00	1.3157245827217896	24	\N
1	2	1	0	-1	2026-11-28 16:23:49.974166+00	2026-11-28 16:23:49.974212+00	1.3007320115963619	24	\N
2	2	2	2	-1	2026-11-28 16:23:49.974217+00	2026-11-28 16:23:49.978405+00	1.25925483678778	24	\N
1	2	2	1	-1	2026-11-28 16:23:49.978419+00	2026-11-28 16:23:49.978519+00	1.0673195521036785	24	\N
2	2	3	0	-1	2026-11-28 16:23:49.978524+00	2026-11-28 16:23:49.978574+00	1.228173120568196	24	\N
1	2	3	2	-1	2026-11-28 16:23:49.978578+00	2026-11-28 16:23:49.978623+00	1.1241142749786377	24	\N
2	3	1	1	-1	2026-11-28 16:23:50.005641+00	2026-11-28 16:23:50.005858+00	1.205610158542792	24	\N
1	3	1	0	-1	2026-11-28 16:23:50.005872+00	2026-11-28 16:23:50.005958+00	1.1674049695332844	24	\N
2	3	2	2	-1	2026-11-28 16:23:50.005962+00	2026-11-28 16:23:50.006034+00	1.0313379019498825	24	\N
1	3	2	1	-1	2026-11-28 16:23:50.006038+00	2026-11-28 16:23:50.006102+00	1.0079733456174533	24	\N
2	3	3	0	-1	2026-11-28 16:23:50.006106+00	2026-11-28 16:23:50.006169+00	1.0387602001428604	24	\N
1	3	3	2	-1	2026-11-28 16:23:50.006173+00	2026-11-28 16:23:50.006242+00	1.0842959508299828	24	\N
\.
SELECT pg_catalog.setval('made.configs_mst_key_seq', 2, true);
SELECT pg_catalog.setval('made.sales_configs_mst_key_seq', 1, true);
ALTER TABLE ONLY made.archs
    ADD CONSTRAINT archs_pkey PRIMARY KEY (model_id);
ALTER TABLE ONLY made.begun_info
    ADD CONSTRAINT begun_info_pkey PRIMARY KEY (mst_key);
ALTER TABLE ONLY made.begun_state
    ADD CONSTRAINT begun_state_pkey PRIMARY KEY (mst_key, piece);
ALTER TABLE ONLY made.by_region_groups
    ADD CONSTRAINT by_region_groups_pkey PRIMARY KEY (group_id);
ALTER TABLE ONLY made.by_region
    ADD CONSTRAINT by_region_pkey PRIMARY KEY (group_id, partition_id, buffer_id);
ALTER TABLE ONLY made.by_region_pooled
    ADD CONSTRAINT by_region_pooled_pkey PRIMARY KEY (partition_id, buffer_id);
ALTER TABLE ONLY made.configs
    ADD CONSTRAINT configs_model_id_compile_params_fit_params_key UNIQUE (model_id, compile_params, fit_params);
ALTER TABLE ONLY made.models_info
    ADD CONSTRAINT models_info_pkey PRIMARY KEY (mst_key);
ALTER TABLE ONLY made.models_state
    ADD CONSTRAINT models_state_pkey PRIMARY KEY (mst_key, piece);
ALTER TABLE ONLY made.packed
    ADD CONSTRAINT packed_pkey PRIMARY KEY (partition_id, buffer_id);
ALTER TABLE ONLY made.packed_val
    ADD CONSTRAINT packed_val_pkey PRIMARY KEY (partition_id, buffer_id);
ALTER TABLE ONLY made.regions_configs
    ADD CONSTRAINT regions_configs_pkey PRIMARY KEY (mst_key);
ALTER TABLE ONLY made.regions_groups
    ADD CONSTRAINT regions_groups_pkey PRIMARY KEY (group_id);
ALTER TABLE ONLY made.regions_info
    ADD CONSTRAINT regions_info_pkey PRIMARY KEY (group_id, mst_key);
ALTER TABLE ONLY made.regions
    ADD CONSTRAINT regions_pkey PRIMARY KEY (group_id, mst_key);
ALTER TABLE ONLY made.sales_archs
    ADD CONSTRAINT sales_archs_pkey PRIMARY KEY (model_id);
ALTER TABLE ONLY made.sales_configs
    ADD CONSTRAINT sales_configs_model_id_compile_params_fit_params_key UNIQUE (model_id, compile_params, fit_params);
ALTER TABLE ONLY made.searched_info
    ADD CONSTRAINT searched_info_pkey PRIMARY KEY (mst_key);
ALTER TABLE ONLY made.searched_state
    ADD CONSTRAINT searched_state_pkey PRIMARY KEY (mst_key, piece);
ALTER TABLE ONLY made.searched_trials
    ADD CONSTRAINT searched_trials_pkey PRIMARY KEY (mst_key);
ALTER TABLE ONLY made.warm_info
    ADD CONSTRAINT warm_info_pkey PRIMARY KEY (mst_key);
ALTER TABLE ONLY made.warm_state
    ADD CONSTRAINT warm_state_pkey PRIMARY KEY (mst_key, piece);
CREATE INDEX by_region_groups_region_idx ON made.by_region_groups USING btree (region);
CREATE INDEX regions_groups_region_idx ON made.regions_groups USING btree (region);
