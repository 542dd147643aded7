#pragma once
// Pieces of SQL that the readers and the refresh of first orders share. Macros, because they are joined to literals.

/// Which orders count; the index orders_customer_created_at has the same condition.
#define FIRST_ORDER_COUNTS "o.customer_id IS NOT NULL AND o.status OPERATOR(pg_catalog.<>) 'cancelled'"
/// The instant of a customer's first order that counts.
#define FIRST_ORDER_OF(tenant, customer, and_also)                                                                   \
    "(SELECT o.created_at FROM analytics_data.orders o WHERE o.tenant_id = " tenant " AND o.customer_id = " customer \
    " AND " FIRST_ORDER_COUNTS and_also " ORDER BY o.created_at LIMIT 1)"
