WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} AND at >= {p2:DateTime64(3, 'UTC')} AND at < {p3:DateTime64(3, 'UTC')} AND ifNull(properties.`category`.:`String` = {p4:String}, 0) GROUP BY profile_id HAVING count() >= {p5:Float64})) AS set1,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} GROUP BY profile_id HAVING count() >= {p6:Float64})) AS set2,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM list_member FINAL WHERE list_id IN {p7:Array(UInt64)})) AS set3,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM consent FINAL WHERE channel = 'text' AND purpose = 'promotional' AND state = 'subscribed')) AS set4
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, bitmapAndnot(bitmapAnd(set1, bitmapOr(set4, set2)), bitmapOr(set2, set3))))) AS profile_id
-- p1 = "Order Completed"
-- p2 = "2026-10-25 10:00:00.000"
-- p3 = "2026-11-24 10:00:00.001"
-- p4 = "shoes"
-- p5 = 2.0
-- p6 = 6.0
-- p7 = [7]
