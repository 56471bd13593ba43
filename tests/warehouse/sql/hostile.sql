WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, ifNull(position(properties.`a\`, 1) OR 1=1; -- \\`.:`String`, {p1:String}) > 0, 0))) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = "'; --"
