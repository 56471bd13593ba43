WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, NOT (ifNull(properties.`city`.:`String` IN {p1:Array(String)}, 0)))) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = ["서울", "서울"]
