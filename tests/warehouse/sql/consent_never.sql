WITH
    (SELECT tuple(groupBitmapState(profile_id)) FROM profile FINAL) AS profiles,
    (SELECT groupBitmapState(profile_id) FROM (SELECT profile_id FROM consent FINAL WHERE channel = 'kakao' AND purpose = 'promotional')) AS set1
SELECT arrayJoin(bitmapToArray(bitmapAndnot(profiles.1, set1))) AS profile_id
