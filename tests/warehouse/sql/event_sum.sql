WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String} GROUP BY profile_id HAVING ifNull(sum(coalesce(properties.`total`.:`Float64`, toFloat64(properties.`total`.:`Int64`), toFloat64OrNull(if(match(properties.`total`.:`String`, '^-?[0-9]{1,18}(\\.[0-9]{1,18})?$'), properties.`total`.:`String`, NULL)))), 0) > {p2:Float64})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = "Order Completed"
-- p2 = 100.0
