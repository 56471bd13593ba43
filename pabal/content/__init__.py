"""What a message says: templates, encodings and parts, links, the wording of each country.

Pure: no database, no Django. `compose` is the way in; `encoding.measure` explains one text, `links.read_code` reads a click.
"""
