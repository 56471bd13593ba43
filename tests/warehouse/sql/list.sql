WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM list_member FINAL WHERE list_id IN {p1:Array(UInt64)} AND added_at >= {p2:DateTime64(3, 'UTC')} AND added_at < {p3:DateTime64(3, 'UTC')})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = [7, 8]
-- p2 = "2026-04-30 15:00:00.000"
-- p3 = "2026-05-31 15:00:00.000"
