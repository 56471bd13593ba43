"""Event intake: what shops and apps report, in the shape of the Segment HTTP API.

    endpoints   requests in, answers out; knows HTTP
    bodies      reading a body: gzip, limits, streams
    keys        write keys, remembered for a few seconds
    messages    JSON to messages; what is wrong with one is said of that one
    moments     when something happened, although the sender's clock is wrong
    documents   JSON properties, bounded and clean
    reading     a message to an event, or to what it says about a person
    event_book  events of a few milliseconds, written by one statement
    traits      what `identify` says about a person, as fields of a profile
    consents    what a person agreed to, with source and wording
    people_book people of a few milliseconds, written by one transaction
    people_writing  that transaction

An answer is given after the commit, never before.
"""
