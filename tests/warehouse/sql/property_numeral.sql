WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, (ifNull(startsWith(properties.`zip`.:`String`, {p1:String}), 0) OR ifNull(startsWith(toString(properties.`zip`.:`Int64`), {p1:String}), 0)))) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = "04"
