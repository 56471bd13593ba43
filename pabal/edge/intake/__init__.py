"""Event intake: what shops and apps report, in the shape of the Segment HTTP API.

    front, endpoints       requests in, answers out; know HTTP
    bodies, answers        a body: gzip, limits, streams; an answer: JSON
    importing              a message a line, while the body is still coming
    keys                   write keys, remembered for a few seconds
    messages               JSON to messages; what is wrong with one is said of that one
    moments                when something happened, although the sender's clock is wrong
    documents, ids         JSON properties, bounded and clean; ids
    reading                a message to an event, or to what it says about a person
    event_book, arrays     events of a few milliseconds, written by one statement
    traits, consents       what `identify` says about a person, and what the person agreed to, with source and wording
    together, people_frame what several messages say of one person, as `audience.people_sql` stages it
    people_book            people of a few milliseconds
    people_writing         the transaction that writes them
    failures, limits       why, and beyond which size, something is refused

An answer is given after the commit, never before.
"""
