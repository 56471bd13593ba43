WITH
    (SELECT tuple(groupBitmapStateIf(profile_id, country IN {p1:Array(String)})) FROM profile FINAL) AS profiles
SELECT arrayJoin(bitmapToArray(profiles.1)) AS profile_id
-- p1 = ["KR", "US"]
