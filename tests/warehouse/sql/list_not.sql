WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM list_member FINAL WHERE list_id IN {p1:Array(UInt64)})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAndnot(profiles.1, set1))) AS profile_id
-- p1 = [7]
