"""The templates of ``infra/``, checked without Azure and without the Bicep compiler."""
