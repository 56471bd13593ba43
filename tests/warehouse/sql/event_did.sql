WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM event WHERE name = {p1:String})) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = "Order Completed"
