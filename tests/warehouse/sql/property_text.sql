WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, ifNull(properties.`city`.:`String` = {p1:String}, 0))) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = "paris"
