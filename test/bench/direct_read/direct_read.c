/*
 * The yardstick of get_metric_series: a C function that knows the store's columns and reads the wanted rows of one
 * tenant with one kept plan, row by row into the result. It asks no rollup state, no notes, no metric, fills no gaps.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(direct_read);

/* direct_read(tenant text, from_at timestamptz, to_at timestamptz) RETURNS TABLE (bucket timestamptz, revenue numeric) */
Datum
direct_read(PG_FUNCTION_ARGS)
{
	static SPIPlanPtr plan = NULL;
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[3];

	InitMaterializedSRF(fcinfo, 0);
	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_GETARG_DATUM(1);
	values[2] = PG_GETARG_DATUM(2);
	SPI_connect();
	if (plan == NULL)
	{
		Oid			types[] = {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};

		plan = SPI_prepare_cursor("SELECT bucket, revenue FROM analytics_store.order_stats_hour "
								  "WHERE tenant_id = $1 AND bucket >= $2 AND bucket < $3", 3, types,
								  CURSOR_OPT_GENERIC_PLAN);
		SPI_keepplan(plan);
	}
	if (SPI_execute_plan(plan, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read the store");
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(info->setResult, SPI_tuptable->vals[i]);
	SPI_finish();
	return (Datum) 0;
}
