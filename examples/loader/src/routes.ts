// The one table of paths. What is served, the paths in /openapi.json and the section of README.md come from it.
//
// A line is: method, path, function, and what the query may hold. `{x}` in the path is the function's argument x; a
// word in the query is an argument, `a:b` the parameter a for the argument b. The body of a POST or PUT holds arguments
// by name, whichever the function has.

export interface Line {
    readonly method: 'GET' | 'POST' | 'PUT';
    readonly path: string;
    readonly functions: readonly string[];
    readonly query: readonly QueryParameter[];
    readonly extras: Extras;
}

export interface QueryParameter {
    readonly name: string;
    readonly argument: string;
}

export interface Extras {
    /** The answer under this key of an object; with two functions, a key for each. */
    readonly as?: readonly string[];
    /** A query value above the largest that the function takes counts as the largest. */
    readonly atMost?: Readonly<Record<string, number>>;
    /** Arguments may come as query of a POST too. */
    readonly queryOrBody?: true;
    /** A GET whose function writes. */
    readonly writes?: true;
    /** `format` says json or csv and is the loader's, not the function's. */
    readonly csv?: true;
}

export interface Section {
    readonly title: string;
    /** Each path is served under each of these. */
    readonly prefixes: readonly string[];
    readonly lines: readonly Line[];
}

function line(method: Line['method'], path: string, functions: string, query = '', extras: Extras = {}): Line {
    return {
        method,
        path,
        functions: functions.split(' '),
        query: query === '' ? [] : query.split(' ').map((word) => {
            const [name = word, argument = name] = word.split(':');
            return { name, argument };
        }),
        extras,
    };
}

const get = (path: string, functions: string, query?: string, extras?: Extras): Line => line('GET', path, functions, query, extras);
const post = (path: string, functions: string, extras?: Extras): Line => line('POST', path, functions, '', extras);
const page = 'limit:row_limit offset:row_offset';
const top = 'limit:row_limit';

export const sections: readonly Section[] = [
    {
        title: 'Spend and tasks',
        prefixes: ['/api/v1/analytics'],
        lines: [
            get('/trends', 'get_trends', 'period metric time_zone'),
            get('/forecast', 'get_budget_forecast', 'horizon_days budget_id'),
            get('/overview', 'get_analytics_overview'),
        ],
    },
    {
        title: 'Runs',
        prefixes: [''],
        lines: [
            get('/runs', 'list_runs', `status thread_id model min_duration_ms period sort_by sort_order ${page}`),
            get('/runs/{run_id}', 'get_run_spans'),
            get('/runs/{run_id}/details', 'get_run_details'),
            get('/runs/{run_id}/bottlenecks', 'get_run_bottlenecks', top),
            get('/spans', 'list_spans', `run_id operation_name model status period ${page}`),
            get('/group', 'group_runs', `group_by bucket period ${page}`),
            get('/stats', 'get_project_stats', 'period'),
            get('/metrics/timeseries', 'get_run_timeseries', 'metric interval:bucket period'),
            post('/v1/traces', 'ingest_otlp_traces'),
        ],
    },
    {
        title: 'Agent analytics',
        prefixes: ['/v1/agent-analytics', '/api/v1/agent-analytics'],
        lines: [
            get('/queue/status', 'get_queue_status'),
            get('/queue/pending', 'list_pending_approvals', `priority min_confidence ${page}`),
            get('/metrics/accuracy', 'get_approval_accuracy', 'period granularity'),
            get('/metrics/performance', 'get_agent_performance', 'period agent', { as: ['data'] }),
            get('/training/quality', 'get_training_quality', 'period'),
            get('/training/export', 'export_training_file', 'format days include_pii min_confidence', { writes: true }),
            get('/downloads/{export_id}', 'download_export'),
            get('/quality/current', 'get_data_quality'),
            get('/quality/trend', 'get_data_quality_trend', 'days'),
            get('/analytics/approval-rate', 'get_approval_rate', 'start_date end_date group_by'),
        ],
    },
    {
        title: 'Dashboard',
        prefixes: ['/api/analytics', '/api/v1/analytics'],
        lines: [
            get('/dashboard/summary', 'get_dashboard_summary'),
            get('/dashboard/trends', 'get_hourly_trends', 'hours:hours_back', { atMost: { hours: 168 } }),
            get('/dashboard/anomalies', 'get_active_anomalies', 'method'),
            get('/agent/queue', 'get_queue_metrics', 'groupBy:group_by days'),
            get('/agent/accuracy', 'get_agent_accuracy', 'days agent'),
            get('/agent/quality', 'get_training_quality_daily', 'days'),
            get('/agent/summary', 'get_agent_summary'),
            post('/export/training-data', 'export_training_dataset', { csv: true }),
        ],
    },
    {
        title: 'Administration',
        prefixes: ['/admin', '/v1/admin'],
        lines: [
            get('/deployment-analytics/compare', 'compare_deployments', 'deployment_id1 deployment_id2'),
            get('/deployment-analytics/configuration/{deployment_id}', 'get_deployment_configuration'),
            line('PUT', '/deployment-analytics/configuration/{deployment_id}', 'update_deployment_configuration'),
            get('/deployment-analytics/metrics', 'get_deployment_metrics', 'environment_id days interval:bucket'),
            get('/deployment-analytics/status/summary', 'get_deployment_status_summary', 'environment_id days'),
            get('/monitoring-alerts/monitoring/alert-rules', 'list_alert_rules'),
            post('/monitoring-alerts/monitoring/alert-rules', 'create_alert_rule'),
            get('/monitoring-alerts/monitoring/alerts', 'list_alerts', `status severity ${top}`),
            post('/monitoring-alerts/monitoring/alerts/{alert_id}/acknowledge', 'acknowledge_alert'),
            post('/monitoring-alerts/monitoring/alerts/{alert_id}/resolve', 'resolve_alert'),
            get('/monitoring-alerts/monitoring/dashboard', 'get_monitoring_dashboard'),
            get('/monitoring-alerts/monitoring/health', 'get_monitoring_health'),
            get('/monitoring-alerts/monitoring/metrics', 'get_monitoring_metrics', 'metric_type time_range'),
            get('/monitoring-alerts/monitoring/notifications', 'list_notification_channels'),
            post('/monitoring-alerts/monitoring/notifications/{channel_id}/test', 'test_notification_channel'),
            get('/performance/database/health', 'get_database_health'),
            get('/performance/database/metrics', 'get_database_metrics', 'period'),
            post('/performance/database/optimize', 'optimize_database'),
            get('/performance/database/scaling', 'get_scaling_recommendations'),
            get('/performance/optimization/history', 'get_optimization_history', top),
            post('/prompt-analytics/alerts/rules', 'create_alert_rule'),
            get('/prompt-analytics/analytics/summary', 'get_prompt_summary', 'days'),
            get('/prompt-analytics/charts/time-series', 'get_prompt_timeseries', 'metric_name time_window prompt_ids'),
            post('/prompt-analytics/dashboard', 'get_prompt_dashboard'),
            get('/prompt-analytics/export/data', 'export_prompt_data', 'format time_window metric_types'),
            get('/prompt-analytics/health', 'get_prompt_analytics_health'),
            post('/prompt-analytics/metrics', 'record_prompt_metric'),
            get('/prompt-analytics/metrics/realtime', 'get_realtime_metrics', 'metric_names last_n_minutes'),
            get('/prompt-analytics/prompts/{prompt_id}/report', 'get_prompt_report', 'time_window'),
        ],
    },
    {
        title: 'Monitoring, security, proxy, metrics, usage, tools',
        prefixes: ['/v1'],
        lines: [
            get('/monitoring/alerts', 'list_alerts get_alert_statistics', 'hours severity resolved', { as: ['alerts', 'statistics'] }),
            post('/monitoring/alerts/{alert_id}/resolve', 'resolve_alert'),
            get('/monitoring/dashboard', 'get_performance_dashboard', 'hours'),
            get('/monitoring/endpoints/performance', 'get_endpoint_performance', `hours ${top} sort_by`),
            get('/monitoring/health-check', 'get_monitoring_health'),
            get('/monitoring/health', 'get_service_health'),
            get('/monitoring/metrics/current', 'get_current_system_metrics'),
            get('/monitoring/recommendations', 'get_performance_recommendations'),
            post('/monitoring/start', 'start_monitoring'),
            post('/monitoring/stop', 'stop_monitoring'),
            get('/monitoring/trends/response-time', 'get_response_time_trends', 'hours endpoint'),
            get('/security/blocked-ips', 'list_blocked_ips'),
            post('/security/blocked-ips/clear-all', 'clear_blocked_ips'),
            post('/security/blocked-ips/{ip_address}/block', 'block_ip'),
            post('/security/blocked-ips/{ip_address}/unblock', 'unblock_ip'),
            get('/security/configuration', 'get_security_configuration'),
            get('/security/dashboard', 'get_security_dashboard', 'hours'),
            get('/security/events', 'list_security_events', `hours event_type threat_level source_ip ${top}`),
            get('/security/health-check', 'get_security_health'),
            get('/security/ip-reputation', 'get_ip_reputation', `${top} sort_by order:sort_order`),
            post('/security/start', 'start_security_monitoring'),
            post('/security/stop', 'stop_security_monitoring'),
            get('/security/threat-statistics', 'get_threat_statistics', 'hours'),
            get('/mcp/proxy/health', 'get_proxy_health'),
            get('/mcp/proxy/metrics', 'get_proxy_metrics', 'include_historical time_range'),
            get('/mcp/proxy/metrics/billing', 'get_proxy_billing_metrics'),
            get('/mcp/proxy/metrics/containers', 'get_proxy_container_metrics'),
            get('/mcp/proxy/metrics/kong', 'get_proxy_kong_metrics'),
            get('/mcp/proxy/metrics/websocket', 'get_proxy_websocket_metrics'),
            post('/mcp/proxy/metrics/clear-cache', 'clear_proxy_metrics_cache'),
            post('/mcp/proxy/metrics/export', 'export_proxy_metrics'),
            get('/mcp/proxy/metrics/prometheus', 'get_proxy_prometheus'),
            get('/metrics/prometheus', 'get_metrics_prometheus'),
            get('/metrics/health', 'get_metrics_health', 'include_system include_app'),
            get('/metrics/json', 'get_metrics_json', 'include_system include_app'),
            get('/metrics/summary', 'get_metrics_summary', 'include_system include_app'),
            post('/metrics/record/agent', 'record_agent_execution', { queryOrBody: true }),
            post('/metrics/record/feedback', 'record_feedback', { queryOrBody: true }),
            post('/metrics/record/workflow', 'record_workflow', { queryOrBody: true }),
            get('/public/ai-usage/aggregate', 'get_usage_aggregate', 'period'),
            get('/public/ai-usage/cache/metrics', 'get_usage_cache_metrics'),
            get('/public/ai-usage/costs', 'get_usage_costs', 'period'),
            get('/public/ai-usage/debug/aggregate-raw', 'get_usage_aggregate_raw', 'period'),
            get('/public/ai-usage/debug/version', 'get_version'),
            get('/public/ai-usage/export', 'export_usage', 'format period'),
            get('/public/ai-usage/logs', 'list_usage_logs', 'days resource_type'),
            get('/public/ai-usage/requests', 'list_ai_requests', 'page per_page'),
            get('/public/api/public/users/{username}/analytics', 'get_public_user_analytics'),
            get('/tools/analytics/by-tool', 'get_tool_analytics', 'start_date end_date tool_name admin'),
            get('/tools/analytics/recent', 'list_recent_tool_executions', `${top} start_date end_date tool_name admin`),
            get('/tools/analytics/summary', 'get_tool_summary', 'start_date end_date tool_name admin'),
        ],
    },
    {
        title: 'Prometheus',
        prefixes: [''],
        lines: [get('/metrics', 'get_metrics_prometheus')],
    },
];

/** Names in `{}`. */
export function pathArguments(path: string): string[] {
    return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}

/** A line's query, and as_of wherever a function of it has that. */
export function queryParameters(line: Line, hasArgument: (name: string) => boolean): QueryParameter[] {
    const given = line.query.filter((parameter) => hasArgument(parameter.argument));
    return hasArgument('as_of') ? [...given, { name: 'as_of', argument: 'as_of' }] : given;
}
