SELECT
    bitmapCardinality(bitmapAnd(profiles.1, bitmapAndnot(bitmapAnd(set1, bitmapOr(set4, set2)), bitmapOr(set2, set3)))) AS total,
    bitmapCardinality(bitmapAnd(bitmapAndnot(bitmapAnd(set1, bitmapOr(set4, set2)), bitmapOr(set2, set3)), bitmapAnd(profiles.2, set4))) AS reachable,
    bitmapCardinality(profiles.1) AS everybody,
    [bitmapCardinality(bitmapAnd(profiles.1, set1)), bitmapCardinality(bitmapAndnot(profiles.1, bitmapOr(set2, set3))), bitmapCardinality(bitmapAnd(profiles.1, set2)), bitmapCardinality(bitmapAnd(profiles.1, set3)), bitmapCardinality(bitmapAnd(profiles.1, bitmapOr(set4, set2))), bitmapCardinality(bitmapAnd(profiles.1, set4)), bitmapCardinality(bitmapAnd(profiles.1, set2))]::Array(UInt64) AS alone,
    [bitmapCardinality(bitmapAnd(profiles.1, set1)), bitmapCardinality(bitmapAnd(profiles.1, bitmapAndnot(set1, bitmapOr(set2, set3)))), bitmapCardinality(bitmapAndnot(profiles.1, set2)), bitmapCardinality(bitmapAndnot(profiles.1, bitmapOr(set2, set3))), bitmapCardinality(bitmapAnd(profiles.1, bitmapAndnot(bitmapAnd(set1, bitmapOr(set4, set2)), bitmapOr(set2, set3)))), bitmapCardinality(bitmapAnd(profiles.1, set4)), bitmapCardinality(bitmapAnd(profiles.1, bitmapOr(set4, set2)))]::Array(UInt64) AS so_far
FROM (
    SELECT
    materialize((SELECT tuple(groupBitmapState(profile_id), groupBitmapStateIf(profile_id, number != 0 AND number NOT IN (SELECT number FROM suppression FINAL))) FROM profile FINAL)) AS profiles,
    materialize((SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} AND at >= {p2:DateTime64(3, 'UTC')} AND at < {p3:DateTime64(3, 'UTC')} AND ifNull(properties.`category`.:`String` = {p4:String}, 0) GROUP BY profile_id HAVING count() >= {p5:Float64}))) AS set1,
    materialize((SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} GROUP BY profile_id HAVING count() >= {p6:Float64}))) AS set2,
    materialize((SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM list_member FINAL WHERE list_id IN {p7:Array(UInt64)}))) AS set3,
    materialize((SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM consent FINAL WHERE channel = 'text' AND purpose = 'promotional' AND state = 'subscribed'))) AS set4
)
-- p1 = "Order Completed"
-- p2 = "2026-10-25 10:00:00.000"
-- p3 = "2026-11-24 10:00:00.001"
-- p4 = "shoes"
-- p5 = 2.0
-- p6 = 6.0
-- p7 = [7]
