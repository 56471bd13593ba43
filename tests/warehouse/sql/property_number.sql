WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, ifNull(coalesce(properties.`size`.:`Float64`, toFloat64(properties.`size`.:`Int64`), toFloat64OrNull(if(match(properties.`size`.:`String`, '^-?[0-9]{1,18}(\\.[0-9]{1,18})?$'), properties.`size`.:`String`, NULL))) BETWEEN {p1:Float64} AND {p2:Float64}, 0))) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = 38.0
-- p2 = 42.5
