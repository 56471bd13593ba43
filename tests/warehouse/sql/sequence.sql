WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM (SELECT profile_id, toUInt64(toUnixTimestamp64Milli(at) + 4398046511104) * 8 + 1 AS place, 1 AS step FROM event WHERE name = {p1:String} UNION ALL SELECT profile_id, toUInt64(toUnixTimestamp64Milli(at) + 4398046511104) * 8 + 0 AS place, 2 AS step FROM event WHERE name = {p2:String} AND ifNull(properties.`category`.:`String` = {p3:String}, 0)) GROUP BY profile_id HAVING windowFunnel(691200000)(place, step = 1, step = 2) = 2)) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = "Cart Viewed"
-- p2 = "Order Completed"
-- p3 = "shoes"
