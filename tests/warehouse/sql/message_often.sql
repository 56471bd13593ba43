WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM message WHERE 1 AND message_id IN (SELECT message_id FROM message_event WHERE kind IN (1, 2) AND at >= {p1:DateTime64(3, 'UTC')} AND at < {p2:DateTime64(3, 'UTC')}) GROUP BY profile_id HAVING uniqExact(message_id) >= {p3:Int64})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAndnot(profiles.1, set1))) AS profile_id
-- p1 = "2026-10-25 10:00:00.000"
-- p2 = "2026-11-24 10:00:00.001"
-- p3 = 3
