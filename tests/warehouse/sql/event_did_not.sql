WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} AND at >= {p2:DateTime64(3, 'UTC')} AND at < {p3:DateTime64(3, 'UTC')})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAndnot(profiles.1, set1))) AS profile_id
-- p1 = "Order Completed"
-- p2 = "2026-10-25 10:00:00.000"
-- p3 = "2026-11-24 10:00:00.001"
