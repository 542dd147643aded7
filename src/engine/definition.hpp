#pragma once
// A rollup as its creator defines it, checked, and the objects that are made of it.
#include "core/rollup/measure.hpp"
#include "engine/catalog.hpp"

namespace analytics::engine {

/// What a caller defines, checked.
struct Definition {
    std::string name, source_name, time_column, tenant_column = "tenant_id";
    Oid source = InvalidOid, owner = InvalidOid, origin = InvalidOid;
    bool has_tenant = false;
    int64 bucket = 0;
    std::vector<std::string> dimensions;
    std::vector<Measure> measures;         // kinds and names; types come from the store
    std::vector<core::MeasureText> texts;  // parallel to measures
    std::string measures_json, bucket_text;
    Rollup rollup() const {
        Rollup r;
        r.name = name, r.bucket = bucket, r.dimensions = dimensions, r.measures = measures;
        r.source.origin = origin;
        return r;
    }
};

/// Fills in source_name, owner, has_tenant, tenant_column; throws where the table, the time column or the dimensions
/// will not do.
void check_source(Definition &d);
/// measures: {"name": "aggregate", ...}
void parse_measures(Definition &d, Datum json);
void parse_bucket(Definition &d, Datum interval);

/// Names of the stores, finest first: <name>_base (unless the bucket is the hour), <name>_hour, <name>_day.
std::vector<std::string> store_names(const Definition &d);
/// OID of a relation in analytics_store, or InvalidOid.
Oid store_relation(const std::string &name);

/// <name>_rows, and of a derived source <name>_now.
void create_rows_views(const pg::Spi &, const Definition &d);
void create_stores(const pg::Spi &, const Definition &d);
/// Row security of the stores: the tenant's policy, and nothing for whom the source has other policies.
void protect_stores(const pg::Spi &, const Definition &d, int32 source);
/// The view analytics.<name>; needs the types of the measures.
void create_shown_view(const pg::Spi &, const Definition &d, int32 rollup_id);
/// Reads the types of the measures' states from the store.
void find_types(Definition &d);
/// Gives all objects to the source's owner, as whom the refresh runs, and lets those read them who may read the source.
void hand_over(const pg::Spi &, const Definition &d);
/// The triggers, made past the rights on the trigger functions (PUBLIC may not execute them); the caller owns the
/// source. False if they are there.
bool create_triggers(Oid source, const std::string &source_name);
/// Removes what is left of rollups whose table is gone (DROP TABLE ... CASCADE takes their views only). Their names.
std::vector<std::string> forget_lost_sources();
/// Waits for the source's writers, but not long: new writers queue behind us.
void lock_source(Oid source);

}  // namespace analytics::engine
