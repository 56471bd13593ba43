"""Sign-up forms on the internet.

endpoints   the form, what is sent with it, the page that confirms
reading     a request to a submission: JSON of the snippet, or a plain HTML form
snippet     `pabal.js`, which shops put into their pages
work        Django's models away from the event loop; views counted
"""
