WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} GROUP BY profile_id HAVING count() >= {p2:Float64})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAndnot(profiles.1, set1))) AS profile_id
-- p1 = "Order Completed"
-- p2 = 3.0
