WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM message WHERE campaign_id IN {p1:Array(UInt64)} AND message_id IN (SELECT message_id FROM message_event WHERE kind IN (7) AND at >= {p2:DateTime64(3, 'UTC')} AND at < {p3:DateTime64(3, 'UTC')} AND message_id IN (SELECT message_id FROM message WHERE campaign_id IN {p1:Array(UInt64)})))) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAnd(profiles.1, set1))) AS profile_id
-- p1 = [3]
-- p2 = "2026-10-25 10:00:00.000"
-- p3 = "2026-11-24 10:00:00.001"
