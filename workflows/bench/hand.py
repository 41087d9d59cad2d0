"""The rows of a page by one query written by hand: what the page's own queries are held against."""

from __future__ import annotations

# Parameters: now.
OVERDUE = """
    SELECT d.id, d.kind, d.due_on, d.due_at, a.id, a.title, u.short_name, l.short_name, h.name, h.phone,
        m.number, m.short_title, s.clause, p.id, p.colour, p.state
    FROM measures_deadline d
    JOIN measures_assignment a ON a.id = d.assignment_id
    JOIN bureaus_bureau u ON u.id = d.unit_id
    JOIN measures_step s ON s.id = a.step_id
    LEFT JOIN measures_measure m ON m.id = a.measure_id
    LEFT JOIN bureaus_bureau l ON l.id = a.lead_id
    LEFT JOIN bureaus_user h ON h.id = a.handler_id
    LEFT JOIN workflows_slip p
        ON p.id = (SELECT max(id) FROM workflows_slip WHERE assignment_id = a.id AND state <> 'dismissed')
    WHERE d.status = 'armed' AND d.due_at <= %s
    ORDER BY d.due_at, d.id LIMIT 51"""

# Parameters: now, and the due_at and id after which the page begins.
OVERDUE_AFTER = OVERDUE.replace("ORDER BY", "AND (d.due_at, d.id) > (%s, %s) ORDER BY")

# Parameters: now, now, the last day that is soon, the plan. One row for each unit and measure.
BOARD = """
    SELECT a.unit_id, a.measure_id,
        sum(CASE WHEN a.state IN ('accepted', 'closed') THEN 0 ELSE 1 END) AS open,
        sum(CASE WHEN a.state IN ('accepted', 'closed') THEN 1 ELSE 0 END) AS done,
        sum(CASE WHEN d.due_at <= %s THEN 1 ELSE 0 END) AS red,
        sum(CASE WHEN d.due_at > %s AND d.due_on <= %s THEN 1 ELSE 0 END) AS amber
    FROM measures_assignment a
    LEFT JOIN measures_deadline d ON d.assignment_id = a.id AND d.kind = 'main' AND d.status = 'armed'
    WHERE a.plan_id = %s AND a.state <> 'cancelled'
    GROUP BY a.unit_id, a.measure_id"""

# Parameters: the unit.
DESK = """
    SELECT a.id, a.key, a.title, a.state, a.round, a.progress, m.number, m.short_title, s.clause, h.name, h.phone,
        d.kind, d.starts_on, d.due_on, d.due_at
    FROM measures_assignment a
    JOIN measures_step s ON s.id = a.step_id
    LEFT JOIN measures_measure m ON m.id = a.measure_id
    LEFT JOIN bureaus_user h ON h.id = a.handler_id
    LEFT JOIN measures_deadline d ON d.assignment_id = a.id AND d.status = 'armed'
    WHERE a.unit_id = %s
        AND a.state IN ('issued', 'refused', 'in_progress', 'unit_signoff', 'submitted', 'suspended')"""
