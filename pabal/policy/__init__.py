"""Who may be messaged, and when: rules as data and pure functions. No Django, no I/O but this package's own data files.

skips       why a candidate gets no message
countries   what text-message marketing can do in each country, and which sender reaches it
laws        legal hours and caps by place
hours       when a place is open: next opening, closing, a frame of many places
verdict     every rule over every candidate, as Polars expressions
optout      STOP, START and HELP in the recipient's language
finish      when a send will be done, and what will time out
"""
