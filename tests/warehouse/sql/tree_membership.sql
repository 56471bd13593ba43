WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL WHERE profile_id IN {p1:Array(UInt64)}) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p2:String} AND profile_id IN {p1:Array(UInt64)} AND at >= {p3:DateTime64(3, 'UTC')} AND at < {p4:DateTime64(3, 'UTC')} AND ifNull(properties.`category`.:`String` = {p5:String}, 0) GROUP BY profile_id HAVING count() >= {p6:Float64})) AS set1,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p2:String} AND profile_id IN {p1:Array(UInt64)} GROUP BY profile_id HAVING count() >= {p7:Float64})) AS set2,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM list_member FINAL WHERE list_id IN {p8:Array(UInt64)} AND profile_id IN {p1:Array(UInt64)})) AS set3,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM consent FINAL WHERE channel = 'text' AND purpose = 'promotional' AND state = 'subscribed' AND profile_id IN {p1:Array(UInt64)})) AS set4
SELECT arrayJoin(arraySort(bitmapToArray(bitmapAnd(profiles.1, bitmapAndnot(bitmapAnd(set1, bitmapOr(set4, set2)), bitmapOr(set2, set3)))))) AS profile_id
SETTINGS max_threads = 1, optimize_move_to_prewhere = 0, query_plan_optimize_prewhere = 0, optimize_use_projections = 0
-- p1 = [42]
-- p2 = "Order Completed"
-- p3 = "2026-10-25 10:00:00.000"
-- p4 = "2026-11-24 10:00:00.001"
-- p5 = "shoes"
-- p6 = 2.0
-- p7 = 6.0
-- p8 = [7]
