"""The segment builder: conditions as sentences to fill in.

drafts      a condition as the page holds it: nested dicts of strings, complete or not
reading     draft → condition, with every fault beside its control; and back (`filling`)
sentences   draft → the words and controls of its sentence, in the reader's word order
options     the labels of every choice
catalogue   names, properties and values that the builder suggests
starters    ready-made segments that open the builder filled in
"""
