"""What leaves for the association: the claim XML, its page, the papers and the lists over them."""
