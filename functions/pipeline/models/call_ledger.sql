-- name: open_day
-- Creates the day's rows of spending, for the stage and for the tenant.
INSERT INTO daily_spend (day, tenant_id) VALUES ((now() AT TIME ZONE 'UTC')::date, ''),
                                                ((now() AT TIME ZONE 'UTC')::date, :tenant_id)
ON CONFLICT DO NOTHING

-- name: lock_begin
-- Lets one call begin at a time: each sees the slots and the money that the one before it has taken. Returns no rows.
WITH turn AS MATERIALIZED (SELECT only_row FROM model_call_turn FOR UPDATE)
SELECT FROM turn WHERE NOT only_row

-- name: begin
-- Reserves a call's probe, slot and cost and records it, all or nothing; one row reports which limit denied it.
--   circuit:  open_circuit, probe, model_available   a model with an open circuit takes one probe once its pause is over
--   slots:    held, slot, slot_free                  the first free slot of as many as the stage allows; the last one is
--                                                    left to a tenant that has none, so no tenant ever holds them all
--   money:    budget, granted                        both days, the stage's ('') and the tenant's, can pay the cost
--   prefix:   known_prefix, account, decision        whether the call marks its prompt's prefix: models/prompt_cache.py
--   then:     take_probe, take_slot, reserve, record, book   the changes, only if granted
-- FOR UPDATE waits for a row's lock and re-reads the row as the other transaction committed it: two calls cannot share
-- a probe, a slot or the last cent. All calls lock the two days in one order, then the prefix, so none deadlock.
WITH already_begun AS (
    SELECT marks_prefix FROM model_calls WHERE id = CAST(:id AS uuid)
), today AS (
    SELECT (now() AT TIME ZONE 'UTC')::date AS day
), open_circuit AS (
    SELECT open_until FROM model_health
    WHERE model_id = :model_id AND failures >= CAST(:failures_allowed AS integer)
      AND NOT EXISTS (SELECT FROM already_begun)
), probe AS (
    SELECT model_id FROM model_health
    WHERE model_id = :model_id AND failures >= CAST(:failures_allowed AS integer) AND open_until <= now()
      AND NOT EXISTS (SELECT FROM already_begun)
    FOR UPDATE
), model_available AS (
    SELECT WHERE NOT EXISTS (SELECT FROM open_circuit) OR EXISTS (SELECT FROM probe)
), held AS (
    SELECT count(*) AS slots, count(*) FILTER (WHERE tenant_id = :tenant_id) AS own FROM model_slots
    WHERE number <= CAST(:slots AS integer) AND held_until > now()
), slot AS (
    SELECT number FROM model_slots
    WHERE number <= CAST(:slots AS integer) AND held_until <= now()
      AND (SELECT own = 0 OR slots < CAST(:slots AS integer) - 1 FROM held)
      AND EXISTS (SELECT FROM model_available) AND NOT EXISTS (SELECT FROM already_begun)
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
), slot_free AS (
    SELECT WHERE CAST(:slots AS integer) IS NULL OR EXISTS (SELECT FROM slot)
), budget AS (
    SELECT day, tenant_id FROM daily_spend
    WHERE day = (SELECT day FROM today) AND tenant_id IN ('', :tenant_id)
      AND usd + CAST(:reserved_usd AS numeric) <= CASE tenant_id
          WHEN '' THEN coalesce(CAST(:daily_usd AS numeric), 'infinity')
          ELSE coalesce(CAST(:daily_usd_per_tenant AS numeric), 'infinity') END
      AND EXISTS (SELECT FROM slot_free) AND EXISTS (SELECT FROM model_available)
      AND NOT EXISTS (SELECT FROM already_begun)
    ORDER BY tenant_id FOR UPDATE
), granted AS (
    SELECT WHERE (SELECT count(*) FROM budget) = 2
), known_prefix AS (
    SELECT writes_left, last_call_at FROM prompt_prefixes
    WHERE id = CAST(:prefix AS uuid) AND EXISTS (SELECT FROM granted)
    FOR UPDATE
), account AS (
    SELECT coalesce((SELECT writes_left FROM known_prefix), CAST(:first_writes AS numeric))
               + 1.0 / CAST(:calls_per_write AS integer) AS writes_left,
           coalesce((SELECT last_call_at FROM known_prefix), '-infinity')
               > now() - make_interval(secs => CAST(:prefix_seconds AS float8)) AS used_lately
    FROM granted WHERE CAST(:prefix AS uuid) IS NOT NULL
), decision AS (
    SELECT writes_left, used_lately AND writes_left >= 1 AS marks_prefix FROM account
), book AS (
    INSERT INTO prompt_prefixes (id, writes_left, writes_per_read, last_call_at)
    SELECT CAST(:prefix AS uuid), writes_left - CAST(marks_prefix AS integer), CAST(:writes_per_read AS numeric), now()
    FROM decision
    ON CONFLICT (id) DO UPDATE SET writes_left = EXCLUDED.writes_left, writes_per_read = EXCLUDED.writes_per_read,
                                   last_call_at = EXCLUDED.last_call_at
), take_probe AS (
    UPDATE model_health SET open_until = now() + make_interval(secs => CAST(:probe_seconds AS float8)),
                            probe_id = CAST(:id AS uuid)
    FROM probe WHERE model_health.model_id = probe.model_id AND EXISTS (SELECT FROM granted)
), take_slot AS (
    UPDATE model_slots SET call_id = CAST(:id AS uuid), tenant_id = :tenant_id,
                           held_until = now() + make_interval(secs => CAST(:slot_seconds AS float8))
    FROM slot WHERE model_slots.number = slot.number AND EXISTS (SELECT FROM granted)
), reserve AS (
    UPDATE daily_spend SET usd = usd + CAST(:reserved_usd AS numeric)
    FROM budget WHERE daily_spend.day = budget.day AND daily_spend.tenant_id = budget.tenant_id
      AND EXISTS (SELECT FROM granted)
), record AS (
    INSERT INTO model_calls (id, purpose, owner_id, attempt, tenant_id, model_id, day, reserved_usd,
                             prefix_id, marks_prefix)
    SELECT CAST(:id AS uuid), :purpose, CAST(:owner_id AS uuid), CAST(:attempt AS integer), :tenant_id, :model_id, day,
           CAST(:reserved_usd AS numeric), CAST(:prefix AS uuid),
           coalesce((SELECT marks_prefix FROM decision), false)
    FROM today WHERE EXISTS (SELECT FROM granted)
)
SELECT EXISTS (SELECT FROM already_begun) OR EXISTS (SELECT FROM granted) AS begun,
       coalesce((SELECT marks_prefix FROM already_begun), (SELECT marks_prefix FROM decision), false) AS marks_prefix,
       EXISTS (SELECT FROM model_available) AS model_available, EXISTS (SELECT FROM slot_free) AS slot_free,
       (SELECT count(*) FROM daily_spend
        WHERE day = (SELECT day FROM today) AND tenant_id IN ('', :tenant_id)) = 2 AS day_rows_exist,
       CAST(extract(epoch FROM (SELECT open_until FROM open_circuit) - now()) AS float8) AS open_for,
       CAST(extract(epoch FROM (SELECT day + 1 FROM today) - (now() AT TIME ZONE 'UTC')) AS float8) AS day_ends_in

-- name: end
-- Records a call's outcome, frees its slot, settles its cost and updates the model's health; a second time does nothing.
-- Locks in the order of begin: the slot before the days, which the count of `freed` ensures, and those before the prefix.
-- A call that begins keeps the lock of each slot that it found taken on re-reading, this call's included: in the other
-- order the two deadlock.
-- Only evidence of the present changes the model's health: while the circuit is closed, calls that began since it closed;
-- while it is open, the probe alone. So failures that were in flight together open it once, for the shortest pause.
WITH ended AS (
    UPDATE model_calls SET ended_at = greatest(now(), started_at), outcome = :outcome,
        input_tokens = CAST(:input_tokens AS bigint), output_tokens = CAST(:output_tokens AS bigint),
        cache_read_tokens = CAST(:cache_read_tokens AS bigint),
        cache_write_tokens = CAST(:cache_write_tokens AS bigint), cost_usd = CAST(:cost_usd AS numeric)
    WHERE id = CAST(:id AS uuid) AND ended_at IS NULL
    RETURNING id, model_id, day, tenant_id, reserved_usd, cost_usd, started_at,
              prefix_id, marks_prefix, cache_read_tokens, cache_write_tokens
), freed AS (
    UPDATE model_slots SET call_id = NULL, tenant_id = NULL, held_until = '-infinity' WHERE call_id = CAST(:id AS uuid)
    RETURNING number
), days AS (
    SELECT daily_spend.day, daily_spend.tenant_id, cost_usd - reserved_usd AS difference
    FROM daily_spend JOIN ended ON daily_spend.day = ended.day AND daily_spend.tenant_id IN ('', ended.tenant_id)
    WHERE cost_usd IS NOT NULL AND (SELECT count(*) FROM freed) >= 0
    ORDER BY daily_spend.tenant_id FOR UPDATE OF daily_spend
), settled AS (
    UPDATE daily_spend SET usd = usd + difference
    FROM days WHERE daily_spend.day = days.day AND daily_spend.tenant_id = days.tenant_id
), gained AS (
    UPDATE prompt_prefixes SET writes_left = least(CAST(:most_writes AS numeric), writes_left + 1
        + CASE WHEN cache_read_tokens > 0 THEN writes_per_read ELSE 0 END)
    FROM ended WHERE prompt_prefixes.id = prefix_id AND marks_prefix AND cache_write_tokens = 0
        AND cost_usd IS NOT NULL AND (SELECT count(*) FROM days) >= 0
)
INSERT INTO model_health AS health (model_id, failures)
SELECT model_id, CASE WHEN CAST(:healthy AS boolean) THEN 0 ELSE 1 END FROM ended
WHERE CAST(:healthy AS boolean) IS NOT NULL
ON CONFLICT (model_id) DO UPDATE SET
    failures = CASE WHEN CAST(:healthy AS boolean) THEN 0 ELSE least(health.failures + 1, 1000) END,
    open_until = CASE
        WHEN CAST(:healthy AS boolean) OR health.failures + 1 < CAST(:failures_allowed AS integer) THEN '-infinity'
        ELSE now() + make_interval(secs => least(
            CAST(:longest_pause AS float8),
            CAST(:shortest_pause AS float8)
                * power(2, least(health.failures + 1 - CAST(:failures_allowed AS integer), 20)))) END,
    closed_since = CASE WHEN health.failures >= CAST(:failures_allowed AS integer) AND CAST(:healthy AS boolean)
                        THEN now() ELSE health.closed_since END,
    probe_id = NULL
    WHERE (health.failures > 0 OR NOT CAST(:healthy AS boolean))
      AND CASE WHEN health.failures >= CAST(:failures_allowed AS integer)
          THEN health.probe_id = (SELECT id FROM ended)
          ELSE health.closed_since <= (SELECT started_at FROM ended) END

-- name: stage_spending
-- The day's spending of the whole stage; 0 before the day's first call.
SELECT coalesce(sum(usd), 0) AS usd FROM daily_spend
WHERE day = (now() AT TIME ZONE 'UTC')::date AND tenant_id = ''
