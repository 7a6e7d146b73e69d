//! The PCR bank: 32 registers of SHA-384 with locks. The software NSM alone calls it.

use aws_lc_rs::digest::{Context, SHA384};

use super::measurement::{Measurements, PcrValue, extend_zero};

/// Number of registers.
pub const COUNT: u16 = 32;

/// The bank. Registers 0 to 15 are locked at boot, 16 to 31 belong to the program.
pub struct PcrBank {
    registers: [Register; COUNT as usize],
}

/// One register.
#[derive(Clone, Copy)]
pub struct Register {
    /// True once the value cannot change any more.
    pub locked: bool,
    /// Its 48 bytes.
    pub value: PcrValue,
}

/// Why the bank refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PcrError {
    /// No such register.
    #[error("no such PCR")]
    Index,
    /// The register is locked.
    #[error("the PCR is locked")]
    Locked,
}

impl PcrBank {
    /// The bank as the hypervisor leaves it: PCR0 to PCR2 of the image (zero in debug mode), PCR3 and PCR4 of the
    /// parent's role and instance (kept in debug mode), PCR8 zero because the image is not signed.
    #[must_use]
    pub fn at_boot(image: &Measurements, debug: bool) -> Self {
        let mut registers = [Register { locked: false, value: [0; 48] }; COUNT as usize];
        for register in &mut registers[..LOCKED_AT_BOOT] {
            register.locked = true;
        }
        if !debug {
            registers[0].value = image.pcr0;
            registers[1].value = image.pcr1;
            registers[2].value = image.pcr2;
        }
        registers[3].value = extend_zero(PARENT_ROLE.as_bytes());
        registers[4].value = extend_zero(PARENT_ID.as_bytes());
        Self { registers }
    }

    /// The register at `index`.
    pub fn describe(&self, index: u16) -> Result<Register, PcrError> {
        self.registers.get(usize::from(index)).copied().ok_or(PcrError::Index)
    }

    /// Makes it `SHA384(old || data)` and gives the new value.
    pub fn extend(&mut self, index: u16, data: &[u8]) -> Result<PcrValue, PcrError> {
        let register = self.unlocked(index)?;
        let mut context = Context::new(&SHA384);
        context.update(&register.value);
        context.update(data);
        register.value.copy_from_slice(context.finish().as_ref());
        Ok(register.value)
    }

    /// Locks one register; one that is locked already is refused, as the device does.
    pub fn lock(&mut self, index: u16) -> Result<(), PcrError> {
        self.unlocked(index)?.locked = true;
        Ok(())
    }

    /// Locks registers 0 to `range` - 1, whatever their state.
    pub fn lock_range(&mut self, range: u16) -> Result<(), PcrError> {
        let registers = self.registers.get_mut(..usize::from(range)).ok_or(PcrError::Index)?;
        for register in registers {
            register.locked = true;
        }
        Ok(())
    }

    /// The locked registers: those that a document carries.
    pub fn locked(&self) -> impl Iterator<Item = (u16, PcrValue)> + '_ {
        (0..COUNT).zip(&self.registers).filter(|(_, register)| register.locked).map(|(index, register)| (index, register.value))
    }

    fn unlocked(&mut self, index: u16) -> Result<&mut Register, PcrError> {
        let register = self.registers.get_mut(usize::from(index)).ok_or(PcrError::Index)?;
        if register.locked { Err(PcrError::Locked) } else { Ok(register) }
    }
}

/// The role of the parent instance, measured into PCR3.
pub const PARENT_ROLE: &str = "arn:aws:iam::111122223333:role/sealroom-parent";
/// The id of the parent instance, measured into PCR4.
pub const PARENT_ID: &str = "i-0123456789abcdef0";
const LOCKED_AT_BOOT: usize = 16;
